package natsnode

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNameTaken: another server that runs has this one's name. Two of one name would take the cluster's votes from each other.
var ErrNameTaken = errors.New("natsnode: another live node has this name: give each node a name of its own (--node)")

// askFor bounds a question to a server, dialling and certificates included.
const askFor = time.Second

// answer is what the listener of one server's routes said, or why it said nothing.
type answer struct {
	address string
	name    string // of the server
	err     error
}

// askAll asks all servers at once, in the order of the list.
func (r Routes) askAll(ctx context.Context) []answer {
	answers := make([]answer, len(r.Servers))
	var all sync.WaitGroup
	for i, address := range r.Servers {
		all.Go(func() {
			name, err := r.ask(ctx, address)
			answers[i] = answer{address, name, err}
		})
	}
	all.Wait()
	return answers
}

// ask reads the words with which a server greets whoever wants a route, and makes none.
func (r Routes) ask(ctx context.Context, address string) (name string, err error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	plain := conn
	defer func() { _ = conn.Close() }()                                    // all is said by then
	defer context.AfterFunc(ctx, func() { _ = plain.SetDeadline(past) })() // what is under way ends
	if r.TLS != nil {
		secure := r.TLS.Clone()
		if secure.ServerName == "" {
			secure.ServerName, _, _ = net.SplitHostPort(address) // it was dialled
		}
		client := tls.Client(conn, secure)
		if err := client.HandshakeContext(ctx); err != nil {
			return "", err
		}
		conn = client
	}
	return greeting(conn)
}

var past = time.Unix(1, 0)

func greeting(conn net.Conn) (name string, err error) {
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	text, ok := strings.CutPrefix(line, "INFO ")
	var info struct {
		Name string `json:"server_name"`
	}
	if !ok || json.Unmarshal([]byte(text), &info) != nil || info.Name == "" {
		return "", errors.New("no NATS server answers there, or one that wants TLS")
	}
	return info.Name, nil
}

// unique is an error where a server runs already by our name. Ours doesn't yet.
func (r Routes) unique(ctx context.Context) error {
	for _, a := range r.askAll(ctx) {
		if a.err == nil && a.name == r.Node {
			return fmt.Errorf("%w: %s answers at %s", ErrNameTaken, r.Node, a.address)
		}
	}
	return nil
}

// Reach tells which servers of a cluster answer.
type Reach struct {
	Servers int
	Names   []string // of those that answer, this one too, sorted
	Missing []string // ADDRESS: why it doesn't answer
}

// String is for an operator.
func (r Reach) String() string {
	text := fmt.Sprintf("%d of %d servers reached", len(r.Names), r.Servers)
	if len(r.Missing) > 0 {
		text += " (" + strings.Join(r.Missing, "; ") + ")"
	}
	return text
}

func (r Routes) reach(ctx context.Context) Reach {
	out := Reach{Servers: len(r.Servers)}
	for _, a := range r.askAll(ctx) {
		if a.err == nil {
			out.Names = append(out.Names, a.name)
		} else {
			out.Missing = append(out.Missing, a.address+": "+plainly(a.err))
		}
	}
	slices.Sort(out.Names)
	return out
}

// plainly says in few words why a server didn't answer; above all whose certificate is refused by whom.
func plainly(err error) string {
	if verification, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is refused here: " + verification.Err.Error()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return "it refuses this node's certificate: " + op.Err.Error()
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		return "its name is not known: " + unknown.Err
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "no answer"
	}
	return err.Error()
}
