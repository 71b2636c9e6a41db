package remote_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"regexp"
	"testing"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/transporttest"
)

// authority signs members' certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	root *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	a := authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.root = parse(t, template, template, &a.key.PublicKey, a.key)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func parse(t *testing.T, template, parent *x509.Certificate, of *ecdsa.PublicKey, signer *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, of, signer)
	must(t, err)
	c, err := x509.ParseCertificate(der)
	must(t, err)
	return c
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// member is a configuration that shows a certificate and asks for one.
func (a authority) member() *tls.Config {
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "member"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	leaf := parse(a.t, template, a.root, &key.PublicKey, a.key)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}},
		RootCAs:      a.pool(), ClientCAs: a.pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

func TestMutualTLS(t *testing.T) {
	ca := newAuthority(t)
	one := open(t, remote.Config{Incarnation: "one", TLS: ca.member()})
	two := open(t, remote.Config{Incarnation: "two", TLS: ca.member()})
	first, second := acquaint(one, two)
	for range 100 {
		must(t, one.Send("two", engine.Data, payload("x")))
		must(t, two.Send("one", engine.Control, payload("y")))
	}
	second.Wait(t, 100)
	first.Wait(t, 100)
}

func TestTLSRefusesOthers(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	without := ca.member()
	without.Certificates = nil
	stranger := other.member() // it trusts ca, ca doesn't trust it
	stranger.RootCAs = ca.pool()
	deceived := ca.member() // it would talk to anybody whom it trusts, but not to ca's
	deceived.RootCAs = other.pool()
	for name, c := range map[string]*tls.Config{"no certificate": without, "another authority": stranger, "not trusted": deceived, "plain": nil} {
		t.Run(name, func(t *testing.T) {
			one := open(t, remote.Config{Incarnation: "one", TLS: c, RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond})
			two := open(t, remote.Config{Incarnation: "two", TLS: ca.member()})
			first, second := acquaint(one, two)
			must(t, one.Send("two", engine.Data, payload("x")))
			time.Sleep(100 * time.Millisecond)
			one.SetPeers(nil)
			if len(second.Got()) > 0 {
				t.Error("it was received")
			}
			if b := first.Back(); len(b) != 1 || b[0].Unsure {
				t.Errorf("returned %+v", b)
			}
		})
	}
}

// A peer beyond loopback isn't dialled without TLS.
func TestPlainStaysOnLoopback(t *testing.T) {
	one := open(t, remote.Config{Incarnation: "one"})
	first := transporttest.NewRecorder()
	one.Start(first)
	one.SetPeers(map[string]string{"two": "192.0.2.1:7000"})
	must(t, one.Send("two", engine.Data, payload("x")))
	one.SetPeers(nil)
	if b := first.Back(); len(b) != 1 || b[0].Unsure {
		t.Errorf("returned %+v", b)
	}
}

// Which certificate is refused by whom is told on both sides; that a member which comes is not in a view yet is no warning.
func TestRefusalsAreTold(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	stranger := other.member()
	stranger.RootCAs = ca.pool()
	deceived := ca.member()
	deceived.RootCAs = other.pool()
	for name, tc := range map[string]struct {
		tls               *tls.Config
		dialler, listener string
	}{
		"another authority": {stranger, `level=WARN msg="no connection to a member" .*the other side refuses this member's certificate: .*unknown certificate authority`,
			`level=WARN msg="a connection to this member ended" .*no TLS with the dialler: .*signed by unknown authority`},
		"not trusted": {deceived, `level=WARN msg="no connection to a member" .*no TLS with the other side: .*signed by unknown authority`,
			`level=WARN msg="a connection to this member ended" .*no TLS with the dialler: remote error: tls: bad certificate`},
		"not in the view": {ca.member(), `level=INFO msg="no connection to a member" .*the dialler is not in its view`, `^$`},
	} {
		t.Run(name, func(t *testing.T) {
			var said, heard enginetest.Log
			one := open(t, remote.Config{Incarnation: "one", TLS: tc.tls, RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond, Log: said.Logger()})
			two := open(t, remote.Config{Incarnation: "two", TLS: ca.member(), Log: heard.Logger()})
			one.Start(transporttest.NewRecorder())
			two.Start(transporttest.NewRecorder())
			one.SetPeers(map[string]string{"two": two.Addr().String()})
			await(t, &said, tc.dialler)
			await(t, &heard, tc.listener)
		})
	}
}

// await waits until a log has what matches a pattern.
func await(t *testing.T, l *enginetest.Log, pattern string) {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for end := time.Now().Add(10 * time.Second); !want.MatchString(l.String()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("logged %s, want %s", l.String(), pattern)
		}
	}
}
