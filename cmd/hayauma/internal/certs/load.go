package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// Files are those of one node, in PEM.
type Files struct{ Cert, Key, CA string }

// Load makes the configuration of both ends of a connection between nodes: each shows its certificate, and takes only those of the
// authority.
func Load(f Files, now time.Time) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("cluster-cert and cluster-key: %w", err)
	}
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("cluster-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("cluster-ca: %s holds no certificate in PEM", f.CA)
	}
	if err := inTime(pair.Leaf, f, now); err != nil {
		return nil, err
	}
	if err := check(pair, pool, f, now); err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}, nil
}

// Notice is how long before its end a certificate is warned of.
const Notice = 14 * 24 * time.Hour

// Ending warns of a node's certificate that ends soon, or has ended since the start; empty: it is good for longer.
func Ending(c *tls.Config, now time.Time) string {
	if c == nil || len(c.Certificates) == 0 || c.Certificates[0].Leaf == nil {
		return ""
	}
	switch until := c.Certificates[0].Leaf.NotAfter; {
	case now.After(until):
		return fmt.Sprintf("this node's cluster-cert has ended at %s, now it is %s: other nodes refuse new connections; %s", instant(until), instant(now), renew)
	case until.Sub(now) <= Notice:
		return fmt.Sprintf("this node's cluster-cert ends at %s, now it is %s: %s", instant(until), instant(now), renew)
	}
	return ""
}

const renew = "make a new one of the same authority and start the node again"

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// inTime refuses a certificate that has ended, or hasn't begun.
func inTime(leaf *x509.Certificate, f Files, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("cluster-cert %s has ended at %s, and now it is %s: %s, or set the clock right", f.Cert, instant(leaf.NotAfter), instant(now), renew)
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("cluster-cert %s begins at %s, and now it is %s: set the clock right, or wait", f.Cert, instant(leaf.NotBefore), instant(now))
	}
	return nil
}

// check asks what another node would.
func check(pair tls.Certificate, pool *x509.CertPool, f Files, now time.Time) error {
	rest := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			rest.AddCert(c)
		}
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, Intermediates: rest, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
		if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
			return fmt.Errorf("cluster-cert %s is not signed by an authority in cluster-ca %s: give both of one authority", f.Cert, f.CA)
		}
		if err != nil {
			return fmt.Errorf("other nodes would refuse cluster-cert %s: %w: make a new one, for client and server authentication", f.Cert, err)
		}
	}
	return nil
}
