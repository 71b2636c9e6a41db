package remote

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Config says who this member is, where it listens, and what its transport may use. Zero values of what has a default are useful.
type Config struct {
	Incarnation string      // of this member: 1 to 255 bytes
	Listen      string      // HOST:PORT; port 0 takes a free one, see [Transport.Addr]
	TLS         *tls.Config // of both directions; nil: plain, on loopback only
	Insecure    bool        // plain is meant, also beyond loopback
	Log         *slog.Logger

	// OnDown is told of a peer whose connection broke, whose address refuses one, or where another incarnation answers: it may be dead,
	// see Probe. It is called by a goroutine of the lane, again after each attempt, and must not wait. nil: nobody is told.
	OnDown func(incarnation string)

	MaxPacket int // bytes of one packet; 0 is 1 MiB
	MaxBatch  int // bytes that are written at once, unless one packet is larger; 0 is 256 KiB
	Backlog   int // bytes that a lane to a member holds unacknowledged, memory for them included; 0 is 16 MiB

	DialTimeout      time.Duration // TCP and TLS; 0 is 2 s
	HandshakeTimeout time.Duration // what follows, on both sides, and TLS where it was dialled; 0 is 2 s
	DeadAfter        time.Duration // a connection that brings nothing for so long is closed; 0 is 2 s
	RetryMin         time.Duration // the first pause before a dial is tried again; 0 is 20 ms
	RetryMax         time.Duration // pauses double up to it; 0 is 1 s
}

const (
	maxIncarnation = 255
	minBatch       = 4 << 10
)

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.Incarnation == "" || len(c.Incarnation) > maxIncarnation:
		return fmt.Errorf("remote: an incarnation of %d bytes: it has 1 to %d", len(c.Incarnation), maxIncarnation)
	case c.MaxPacket < 1 || c.MaxPacket > 1<<30:
		return fmt.Errorf("remote: MaxPacket is %d bytes: take 1 to 1 GiB", c.MaxPacket)
	case c.MaxBatch < minBatch || c.MaxBatch > 1<<30:
		return fmt.Errorf("remote: MaxBatch is %d bytes: take %d to 1 GiB", c.MaxBatch, minBatch)
	case c.Backlog < c.MaxPacket+batchCost+prefixSize:
		return fmt.Errorf("remote: a Backlog of %d bytes doesn't hold a packet of %d: raise it, or lower MaxPacket", c.Backlog, c.MaxPacket)
	case min(c.DialTimeout, c.HandshakeTimeout, c.DeadAfter, c.RetryMin) < time.Millisecond || c.RetryMax < c.RetryMin:
		return errors.New("remote: time-outs and pauses are 1 ms or longer, and RetryMax is not below RetryMin")
	}
	return c.secure(c.Listen)
}

// secure refuses to speak plainly to an address that others may hear.
func (c Config) secure(address string) error {
	if c.TLS != nil || c.Insecure {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("remote: the address %q is not HOST:PORT: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return &PlainError{Address: address}
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.MaxPacket = cmp.Or(c.MaxPacket, 1<<20)
	c.MaxBatch = cmp.Or(c.MaxBatch, 256<<10)
	c.Backlog = cmp.Or(c.Backlog, 16<<20)
	c.DialTimeout = cmp.Or(c.DialTimeout, 2*time.Second)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, 2*time.Second)
	c.DeadAfter = cmp.Or(c.DeadAfter, 2*time.Second)
	c.RetryMin = cmp.Or(c.RetryMin, 20*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, max(time.Second, c.RetryMin))
	return c
}

// beat is how often each side makes itself heard.
func (c Config) beat() time.Duration { return c.DeadAfter / 4 }

// maxMessage is the longest message that a dialler writes: a full batch, or one large packet.
func (c Config) maxMessage() int { return max(c.MaxBatch, headerSize+prefixSize+c.MaxPacket) }
