package natsnode

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Clients opens the embedded server for other programs. They may send requests, and follow one stream, and nothing else: the store lies
// beside both. The zero value opens nothing.
type Clients struct {
	Listen   string      // HOST:PORT
	Password string      // of [ClientUser]; empty: nobody is asked for one, on loopback only
	TLS      *tls.Config // nil: plain, on loopback only
	Requests []string    // subjects that they may send to; who answers them is dialled by [Node.Dial]
	Events   string      // subjects that they may subscribe to; empty: none
	Stream   string      // the stream that keeps these, which they may read by consumers of their own; empty: none
}

// ClientUser is the name that other programs log in with at an embedded server.
const ClientUser = "client"

// Users of an embedded server that is open for clients, beside these: its own process, which may do everything, and what answers clients.
const answerer = "answerer"

// inboxes are where answers go. The process itself takes its own elsewhere, where clients don't hear them.
const (
	inboxes   = "_INBOX.>"
	ownInbox  = "_HAYAUMA"
	discovery = "$SRV.>" // questions to services, see the NATS micro protocol
)

func (c Clients) wanted() bool { return c.Listen != "" }

func (c Clients) validate() error {
	host, port, err := net.SplitHostPort(c.Listen)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > 65535 {
		return fmt.Errorf("natsnode: --nats-listen %q is not HOST:PORT", c.Listen)
	}
	switch {
	case loopback(host):
		return nil
	case c.TLS == nil:
		return fmt.Errorf("%w to or from %s: give --nats-listen a certificate (--nats-listen-cert, --nats-listen-key), or an address of loopback", ErrPlain, c.Listen)
	case c.Password == "":
		return fmt.Errorf("natsnode: %s is reachable from other machines and there is no password: set HAYAUMA_TOKEN, or listen on 127.0.0.1", c.Listen)
	}
	return nil
}

// login names who connects to the embedded server from its own process.
type login struct{ user, password string }

func (l login) option() nats.Option { return nats.UserInfo(l.user, l.password) }

// logins are those of one start of the embedded server.
type logins struct{ own, answerer login }

// open lets clients in, and tells by which names the process itself comes from now on.
func (c Clients) open(opts *server.Options) (logins, error) {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return logins{}, fmt.Errorf("natsnode: --nats-listen %q is not HOST:PORT: %w", c.Listen, err)
	}
	if opts.Port, err = strconv.Atoi(port); err != nil {
		return logins{}, fmt.Errorf("natsnode: --nats-listen %q: %w", c.Listen, err)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	l := logins{own: login{user, rand.Text()}, answerer: login{answerer, rand.Text()}}
	opts.Host, opts.DontListen = host, false
	opts.TLSConfig, opts.TLSTimeout = c.TLS, 5
	opts.Username, opts.Password = "", "" // users have their own
	opts.Users = []*server.User{
		{Username: l.own.user, Password: l.own.password},
		{Username: l.answerer.user, Password: l.answerer.password, Permissions: c.answererMay()},
		{Username: ClientUser, Password: c.Password, Permissions: c.clientMay()},
	}
	if c.Password == "" {
		opts.NoAuthUser = ClientUser
	}
	return l, nil
}

// answererMay answers, and nothing else: a client chooses where its answer goes, which must not be the store.
func (c Clients) answererMay() *server.Permissions {
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{inboxes}},
		Subscribe: &server.SubjectPermission{Allow: append([]string{discovery, inboxes}, c.Requests...)},
	}
}

// clientMay asks, and reads the stream of events.
func (c Clients) clientMay() *server.Permissions {
	publish, subscribe := append([]string{discovery}, c.Requests...), []string{inboxes}
	if c.Events != "" {
		subscribe = append(subscribe, c.Events)
	}
	if s := c.Stream; s != "" {
		const ask = "$JS.API."
		publish = append(publish, ask+"INFO", ask+"STREAM.NAMES", ask+"STREAM.INFO."+s, ask+"STREAM.MSG.GET."+s, ask+"DIRECT.GET."+s, ask+"DIRECT.GET."+s+".>",
			ask+"CONSUMER.CREATE."+s, ask+"CONSUMER.CREATE."+s+".>", ask+"CONSUMER.DURABLE.CREATE."+s+".>", ask+"CONSUMER.INFO."+s+".>",
			ask+"CONSUMER.NAMES."+s, ask+"CONSUMER.LIST."+s, ask+"CONSUMER.MSG.NEXT."+s+".>", ask+"CONSUMER.DELETE."+s+".>",
			"$JS.ACK."+s+".>", "$JS.FC."+s+".>")
	}
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: publish}, Subscribe: &server.SubjectPermission{Allow: subscribe},
	}
}

// Dial makes another connection for what answers the requests of clients; it is the caller's, and closed before Close. At an embedded
// server that is open for clients it may do that only.
func (n *Node) Dial(name string) (*nats.Conn, error) {
	cfg := n.cfg
	cfg.Name = name
	opts := options(cfg, make(chan struct{}))
	if n.server != nil {
		opts = append(opts, nats.InProcessServer(n.server), n.logins.answerer.option())
		cfg.URL = ""
	} else {
		opts = append(opts, externalOptions(cfg)...)
	}
	conn, err := nats.Connect(cfg.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("natsnode: connect to answer clients: %w", err)
	}
	return conn, nil
}

// ClientAddress is HOST:PORT where an embedded server listens for clients; empty: it doesn't, or is external.
func (n *Node) ClientAddress() string {
	if n.server == nil || !n.cfg.Clients.wanted() || n.server.Addr() == nil {
		return ""
	}
	return n.server.Addr().String()
}
