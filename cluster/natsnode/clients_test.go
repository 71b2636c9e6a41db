package natsnode_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/natsnode"
)

func clients(password string) natsnode.Clients {
	return natsnode.Clients{Listen: "127.0.0.1:0", Password: password, Requests: []string{"ask.>"}, Events: "pub.>", Stream: "PUB"}
}

// dialClient connects as another program; denied takes what it may not.
func dialClient(t *testing.T, n *natsnode.Node, opts ...nats.Option) (conn *nats.Conn, denied chan error) {
	t.Helper()
	denied = make(chan error, 100)
	conn, err := nats.Connect("nats://"+n.ClientAddress(), append(opts, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn, denied
}

// Other programs ask and read events; the store is not theirs, also by way of answers.
func TestClientsMayNotTouchTheStore(t *testing.T) {
	n := open(t, natsnode.Config{DataDir: t.TempDir(), Clients: clients("")})
	defer closeNode(t, n)
	js, err := jetstream.New(n.Conn())
	if err != nil {
		t.Fatal(err)
	}
	for name, subjects := range map[string]string{"EV": "ev.>", "PUB": "pub.>"} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{subjects}}); err != nil {
			t.Fatal(err)
		}
	}
	answerer, err := n.Dial("answers")
	if err != nil {
		t.Fatal(err)
	}
	defer answerer.Close()
	if _, err := answerer.Subscribe("ask.x", func(m *nats.Msg) { _ = m.Respond([]byte("yes")) }); err != nil {
		t.Fatal(err)
	}
	if err := answerer.Flush(); err != nil {
		t.Fatal(err)
	}

	c, denied := dialClient(t, n)
	if m, err := c.Request("ask.x", nil, 5*time.Second); err != nil || string(m.Data) != "yes" {
		t.Fatalf("asked: %v, %v", m, err)
	}
	live, err := c.SubscribeSync("pub.campaign.*")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "pub.campaign.a", []byte("event")); err != nil {
		t.Fatal(err)
	}
	if m, err := live.NextMsg(5 * time.Second); err != nil || string(m.Data) != "event" {
		t.Errorf("heard %v, %v", m, err)
	}
	theirs, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := theirs.OrderedConsumer(t.Context(), "PUB", jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := kept.Next(jetstream.FetchMaxWait(5 * time.Second)); err != nil || string(m.Data()) != "event" {
		t.Errorf("read %v, %v", m, err)
	}
	durable, err := theirs.CreateOrUpdateConsumer(t.Context(), "PUB", jetstream.ConsumerConfig{Durable: "crm", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := durable.Next(jetstream.FetchMaxWait(5 * time.Second)); err != nil || m.DoubleAck(t.Context()) != nil {
		t.Errorf("read and acknowledged %v, %v", m, err)
	}
	overheard, err := c.SubscribeSync("_INBOX.>")
	if err != nil || c.Flush() != nil {
		t.Fatal(err)
	}
	if _, err := n.Conn().Request("ask.x", nil, 300*time.Millisecond); err == nil {
		t.Error("an answer went where clients could hear it")
	}
	if m, err := overheard.NextMsg(100 * time.Millisecond); err == nil {
		t.Errorf("overheard %s", m.Data)
	}
	if err := overheard.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	if len(denied) > 0 {
		t.Errorf("denied: %v", <-denied)
	}

	refused := func(what string) {
		t.Helper()
		_ = c.Flush()
		select {
		case err := <-denied:
			if !errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s is possible", what)
		}
	}
	for _, subject := range []string{"ev.composer.1.campaign.x", "pub.campaign.a", "$JS.API.STREAM.PURGE.PUB", "$JS.API.STREAM.DELETE.EV", "$JS.API.CONSUMER.CREATE.EV"} {
		_ = c.Publish(subject, nil)
		refused("publish " + subject)
	}
	for _, subject := range []string{"ev.>", ">", "ask.x", "_HAYAUMA.>", "$JS.>"} {
		_, _ = c.SubscribeSync(subject)
		refused("subscribe " + subject)
	}
	_ = c.PublishRequest("ask.x", "ev.composer.1.campaign.x", nil) // an answer that would be an event
	_ = c.Flush()
	_ = answerer.Flush()
	time.Sleep(200 * time.Millisecond)
	if s, err := js.Stream(t.Context(), "EV"); err != nil || s.CachedInfo().State.Msgs != 0 {
		t.Errorf("the store has %+v, %v", s.CachedInfo().State, err)
	}
}

func TestClientsPasswordAndTLS(t *testing.T) {
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	cfg := clients("secret")
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	n := open(t, natsnode.Config{DataDir: t.TempDir(), Clients: cfg})
	defer closeNode(t, n)
	if _, err := n.Conn().RTT(); err != nil {
		t.Error(err)
	}
	for _, wrong := range []nats.Option{nats.UserInfo(natsnode.ClientUser, "wrong"), nats.UserInfo("hayauma", "secret"), nats.UserInfo("", "")} {
		if c, err := nats.Connect("tls://"+n.ClientAddress(), nats.RootCAs(cert), wrong); !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("connected by a wrong password: %v, %v", c, err)
		}
	}
	c, _ := dialClient(t, n, nats.RootCAs(cert), nats.UserInfo(natsnode.ClientUser, "secret"))
	if state, err := c.TLSConnectionState(); err != nil || state.Version < tls.VersionTLS12 {
		t.Errorf("not secured: %v", err)
	}
	if _, err := nats.Connect("nats://"+n.ClientAddress(), nats.UserInfo(natsnode.ClientUser, "secret")); err == nil {
		t.Error("connected without knowing the certificate")
	}
}

func TestClientsConfig(t *testing.T) {
	secured := natsnode.Clients{Listen: "0.0.0.0:4222", TLS: &tls.Config{}}
	for want, cfg := range map[string]natsnode.Config{
		"embedded server only":   {URL: "nats://127.0.0.1:1", Clients: clients("")},
		"one listen address":     {DataDir: t.TempDir(), Listen: "127.0.0.1:0", Clients: clients("")},
		"is not HOST:PORT":       {DataDir: t.TempDir(), Clients: natsnode.Clients{Listen: "4222"}},
		"plain text would cross": {DataDir: t.TempDir(), Clients: natsnode.Clients{Listen: "0.0.0.0:4222", Password: "p"}},
		"there is no password":   {DataDir: t.TempDir(), Clients: secured},
	} {
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Of several servers each takes clients, and who answers may be beside another.
func TestClientsOfSeveralServers(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers")
	}
	cfgs := fleet(t)
	for i := range cfgs {
		cfgs[i].Clients = clients("secret")
	}
	nodes := openAll(t, cfgs...)
	for _, n := range nodes {
		defer closeNode(t, n)
	}
	answerer, err := nodes[2].Dial("answers")
	if err != nil {
		t.Fatal(err)
	}
	defer answerer.Close()
	if _, err := answerer.QueueSubscribe("ask.x", "q", func(m *nats.Msg) { _ = m.Respond([]byte("yes")) }); err != nil {
		t.Fatal(err)
	}
	c, _ := dialClient(t, nodes[0], nats.UserInfo(natsnode.ClientUser, "secret"))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		m, err := c.Request("ask.x", nil, 5*time.Second)
		if err == nil && string(m.Data) == "yes" {
			break
		}
		if !errors.Is(err, nats.ErrNoResponders) || time.Now().After(deadline) { // the other servers hear of it in a moment
			t.Fatalf("asked: %v, %v", m, err)
		}
	}
}
