package natsnode

import (
	"errors"
	"log/slog"
	"time"
)

// Config says which NATS to use: URL for an external one, else DataDir for an embedded one.
type Config struct {
	DataDir string // embedded: the server stores below it and the process locks it
	Listen  string // embedded: HOST:PORT for other clients; empty opens no port

	URL         string // external: nats://HOST:PORT, several joined by commas
	Credentials string // external: a credentials file
	TLSCA       string // external: files in PEM
	TLSCert     string
	TLSKey      string

	Name        string        // of the client's connection, as the server shows it
	OpenTimeout time.Duration // 0 is 10 s
	Logger      *slog.Logger  // nil discards
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	switch {
	case c.URL == "" && c.DataDir == "":
		return errors.New("natsnode: neither a data directory nor a NATS URL: pass --data DIR or --nats URL")
	case c.URL != "" && c.Listen != "":
		return errors.New("natsnode: a listen address is for the embedded server only: drop it or drop --nats")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("natsnode: a TLS certificate needs its key and the key its certificate: pass both files")
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = "hayauma"
	}
	if c.OpenTimeout == 0 {
		c.OpenTimeout = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
