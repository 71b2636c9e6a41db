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
	if err := check(pair, pool, f, now); err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}, nil
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
