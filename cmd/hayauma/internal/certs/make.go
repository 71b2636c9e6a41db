package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Lifetime is how long a certificate is valid, and backdated how much before its making, for clocks that differ.
const (
	Lifetime  = 365 * 24 * time.Hour
	backdated = time.Hour
)

// Request says what to make.
type Request struct {
	Dir   string    // made where it is missing
	Node  string    // names the files
	Hosts []string  // names and addresses at which others reach the node, beside Node and loopback
	Now   time.Time // when the certificates begin
}

// Made are the files of a node.
type Made struct {
	CA, Cert, Key string
	NewCA         bool // the authority was made too
	Until         time.Time
}

// authority signs.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Make writes a node's certificate and key, and those of the authority where there is none in the directory yet.
func Make(r Request) (made Made, err error) {
	if r.Node == "ca" || r.Node == "" || filepath.Base(r.Node) != r.Node {
		return Made{}, fmt.Errorf("%q can't name a node's files: choose another --node", r.Node)
	}
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return Made{}, fmt.Errorf("directory for certificates: %w", err)
	}
	at := func(name string) string { return filepath.Join(r.Dir, name) }
	made = Made{CA: at("ca.pem"), Cert: at(r.Node + ".pem"), Key: at(r.Node + "-key.pem")}
	for _, name := range []string{made.Cert, made.Key} {
		if _, err := os.Lstat(name); err == nil {
			return Made{}, fmt.Errorf("%s exists and is not overwritten: remove it, or choose another --node or directory", name)
		}
	}
	var begun written
	defer func() {
		if err != nil {
			begun.remove()
		}
	}()
	ca, err := readAuthority(made.CA, at("ca-key.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		made.NewCA = true
		ca, err = newAuthority(r.Now, &begun, made.CA, at("ca-key.pem"))
	}
	if err != nil {
		return Made{}, err
	}
	made.Until, err = ca.sign(r, &begun, made)
	return made, err
}

// readAuthority is fs.ErrNotExist where there is neither of its files.
func readAuthority(certFile, keyFile string) (authority, error) {
	cert, errCert := readPEM(certFile, "CERTIFICATE")
	key, errKey := readPEM(keyFile, "PRIVATE KEY")
	switch {
	case errors.Is(errCert, fs.ErrNotExist) && errors.Is(errKey, fs.ErrNotExist):
		return authority{}, fs.ErrNotExist
	case errCert != nil || errKey != nil: // in other words, so that nobody takes it for a missing authority
		return authority{}, fmt.Errorf("the authority can't be read: %s: put both of its files back, or choose an empty directory",
			errors.Join(errCert, errKey).Error())
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return authority{}, fmt.Errorf("%s: %w", certFile, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return authority{}, fmt.Errorf("%s: %w", keyFile, err)
	}
	ec, ok := private.(*ecdsa.PrivateKey)
	if !ok || !ec.PublicKey.Equal(parsed.PublicKey) {
		return authority{}, fmt.Errorf("%s is not the key of %s: choose an empty directory", keyFile, certFile)
	}
	return authority{parsed, ec}, nil
}

func newAuthority(now time.Time, begun *written, certFile, keyFile string) (authority, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Hayauma development authority"}, NotBefore: now.Add(-backdated), NotAfter: now.Add(Lifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	cert, key, err := issue(template, nil)
	if err != nil {
		return authority{}, err
	}
	return authority{cert, key}, begun.pair(certFile, keyFile, cert, key)
}

// sign makes a node's certificate, which doesn't outlive its authority's.
func (a authority) sign(r Request, begun *written, made Made) (time.Time, error) {
	until := r.Now.Add(Lifetime)
	if a.cert.NotAfter.Before(until) {
		until = a.cert.NotAfter
	}
	if until.Before(r.Now) {
		return time.Time{}, fmt.Errorf("the authority in %s ended on %s: make a new one in an empty directory", made.CA, until.Format(time.DateOnly))
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: r.Node}, NotBefore: r.Now.Add(-backdated), NotAfter: until, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	template.DNSNames, template.IPAddresses = subjects(append([]string{r.Node, "localhost", "127.0.0.1", "::1"}, r.Hosts...))
	cert, key, err := issue(template, &a)
	if err != nil {
		return time.Time{}, err
	}
	return cert.NotAfter, begun.pair(made.Cert, made.Key, cert, key)
}

// subjects parts names from addresses.
func subjects(hosts []string) (names []string, addresses []net.IP) {
	slices.Sort(hosts)
	for _, host := range slices.Compact(hosts) {
		if ip := net.ParseIP(host); ip != nil {
			addresses = append(addresses, ip)
			continue
		}
		names = append(names, host)
	}
	return names, addresses
}

// issue makes a key and has the certificate for it signed; without a signer it signs itself.
func issue(template *x509.Certificate, by *authority) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, nil, fmt.Errorf("make a serial number: %w", err)
	}
	if by == nil {
		by = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

// written are the files that were made so far.
type written []string

func (w *written) remove() {
	for _, name := range *w {
		_ = os.Remove(name) // the first error counts
	}
}

func (w *written) pair(certFile, keyFile string, cert *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	if err := w.file(keyFile, "PRIVATE KEY", der); err != nil {
		return err
	}
	return w.file(certFile, "CERTIFICATE", cert.Raw)
}

// file fails where there is one.
func (w *written) file(name, kind string, der []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write certificates: %w", err)
	}
	*w = append(*w, name)
	return errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Close())
}

func readPEM(name, kind string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no %s in PEM", name, kind)
	}
	return block.Bytes, nil
}
