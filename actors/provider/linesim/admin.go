package linesim

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const maxAdminBody = 64 << 20 // a list of a million users

// adminRoutes are the questions and orders of whoever runs a test:
//
//	GET  /_sim/ledger       Ledger as JSON, and peak_in_flight: message requests that were open at once, at most
//	GET  /_sim/deliveries   NDJSON of user, key, body_sha256, at
//	GET  /_sim/users/{id}   array of that user's deliveries
//	POST /_sim/faults       the list of ParseFaults as text; replaces the last one
//	POST /_sim/users        lines "blocked ID", "unknown ID", "active ID", "quota N" or "quota none"; all or nothing
//	POST /_sim/reset        everything as at the start
func (s *Server) adminRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/ledger", s.getLedger)
	mux.HandleFunc("GET /_sim/deliveries", s.getDeliveries)
	mux.HandleFunc("GET /_sim/users/{id}", s.getUser)
	mux.HandleFunc("POST /_sim/faults", s.postFaults)
	mux.HandleFunc("POST /_sim/users", s.postUsers)
	mux.HandleFunc("POST /_sim/reset", s.postReset)
	return mux
}

func (s *Server) getLedger(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(struct { // a client that has left learns nothing
		Ledger
		Peak int64 `json:"peak_in_flight"`
	}{s.Sim.Ledger(), s.calls.peak.Load()})
}

func (s *Server) getDeliveries(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	for d := range s.Sim.Deliveries() {
		line = append(d.AppendJSON(line[:0]), '\n')
		if _, err := out.Write(line); err != nil {
			return // the client has left
		}
	}
	_ = out.Flush() // likewise
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body := []byte{'['}
	for i, d := range s.Sim.User(r.PathValue("id")) {
		if i > 0 {
			body = append(body, ',')
		}
		body = d.AppendJSON(body)
	}
	_, _ = w.Write(append(body, ']', '\n')) // a client that has left learns nothing
}

// AppendJSON writes a delivery as one object: user, key, body_sha256, at (RFC 3339).
func (d *Delivery) AppendJSON(dst []byte) []byte {
	dst = append(append(dst, `{"user":`...), quoted(d.User)...)
	dst = append(append(append(dst, `,"key":"`...), d.Key...), `","body_sha256":"`...)
	dst = hex.AppendEncode(dst, d.BodySHA256[:])
	return append(d.At.AppendFormat(append(dst, `","at":"`...), time.RFC3339Nano), `"}`...)
}

func (s *Server) postFaults(w http.ResponseWriter, r *http.Request) {
	spec, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<10))
	if err != nil {
		http.Error(w, "the list can't be read, or is longer than 4 KB", http.StatusBadRequest)
		return
	}
	faults, err := ParseFaults(strings.TrimSpace(string(spec)))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Sim.SetFaults(faults)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) postReset(w http.ResponseWriter, _ *http.Request) {
	s.Sim.Reset()
	s.calls.forget()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) postUsers(w http.ResponseWriter, r *http.Request) {
	orders, err := readOrders(http.MaxBytesReader(w, r.Body, maxAdminBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Sim.Block(orders.blocked...)
	s.Sim.Forget(orders.unknown...)
	s.Sim.Restore(orders.active...)
	if orders.quota != nil {
		s.Sim.SetQuota(*orders.quota)
	}
	w.WriteHeader(http.StatusNoContent)
}

// orders are the lines of POST /_sim/users.
type orders struct {
	blocked, unknown, active []string
	quota                    *int64
}

func readOrders(r io.Reader) (orders, error) {
	var o orders
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		if err := o.add(words); err != nil {
			return orders{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return o, lines.Err()
}

func (o *orders) add(words []string) error {
	if len(words) != 2 {
		return fmt.Errorf("must be two words: blocked, unknown or active and an id, or quota and a number or none")
	}
	switch words[0] {
	case "blocked":
		o.blocked = append(o.blocked, words[1])
	case "unknown":
		o.unknown = append(o.unknown, words[1])
	case "active":
		o.active = append(o.active, words[1])
	case "quota":
		limit, err := strconv.ParseInt(words[1], 10, 64)
		switch {
		case words[1] == "none":
			limit = Unlimited
		case err != nil || limit < 0:
			return fmt.Errorf("quota %q must be a number of messages, or none", words[1])
		}
		o.quota = &limit
	default:
		return fmt.Errorf("%q is not blocked, unknown, active or quota", words[0])
	}
	return nil
}
