package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
)

// minPublished is the least of published events that is worth keeping.
const minPublished = 1 << 20

// prefixPattern is subject tokens; the first of them is none of those that the store or the server uses.
var (
	prefixPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,3}$`)
	prefixTaken   = regexp.MustCompile(`^(ev|up|hayauma|_.*)(\.|$)`)
)

// validatePrograms holds what other programs may do over NATS to what somebody can reach, and others can't hear.
func (c Config) validatePrograms() error {
	n, wanted := c.NATS, c.NATS.API || c.PublishEvents
	switch {
	case wanted && c.Store == StoreMemory:
		return errors.New("nats-api and publish-events need NATS, which store memory is without: leave one of them out")
	case n.Listen != "" && n.URL != "":
		return errors.New("nats-listen is an address of the embedded server, and nats names an external one, where programs connect: leave nats-listen out")
	case n.Listen == "" && (n.ListenCert != "" || n.ListenKey != ""):
		return errors.New("nats-listen-cert and nats-listen-key belong to nats-listen: set that too, or none")
	case (n.ListenCert == "") != (n.ListenKey == ""):
		return errors.New("nats-listen-cert and nats-listen-key belong together: set both or none")
	case wanted && n.URL == "" && n.Listen == "":
		return errors.New("nobody reaches the embedded NATS server for nats-api and publish-events: set nats-listen HOST:PORT, such as 127.0.0.1:4222")
	case n.Listen != "" && !wanted:
		return errors.New("nats-listen opens a port on which nothing is served: set nats-api or publish-events, or leave it out")
	case n.API && n.URL != "" && c.Token == "":
		return errors.New("nats-api lets whoever reaches the NATS server give orders, and no token is set: set HAYAUMA_TOKEN")
	case c.PublishEvents && (!prefixPattern.MatchString(c.PublishPrefix) || prefixTaken.MatchString(c.PublishPrefix)):
		return fmt.Errorf("publish-prefix %q can't begin subjects: use up to four words of letters, digits, - and _, joined by dots, and not ev, up or hayauma first",
			c.PublishPrefix)
	case c.PublishEvents && c.PublishMaxBytes < minPublished:
		return fmt.Errorf("publish-max-bytes %d is too small: the least is %d bytes", c.PublishMaxBytes, minPublished)
	}
	return c.validateNATSListen()
}

func (c Config) validateNATSListen() error {
	n := c.NATS
	if n.Listen == "" {
		return nil
	}
	host, _, err := address("nats-listen", n.Listen)
	switch {
	case err != nil:
		return err
	case Loopback(host):
		return nil
	case c.Token == "":
		return fmt.Errorf("nats-listen %q is reachable from other machines and no token is set: set HAYAUMA_TOKEN, or listen on 127.0.0.1", n.Listen)
	case n.ListenCert == "":
		return fmt.Errorf("nats-listen %q would take the token in plain text, which others can hear: set nats-listen-cert and nats-listen-key, or listen on 127.0.0.1",
			net.JoinHostPort(host, "…"))
	}
	return nil
}
