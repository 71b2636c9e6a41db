package e2e

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestStoreLimit submits until the store is at --store-max-bytes. What was accepted before is sent all the same, and under a raised
// limit the refused request is accepted.
func TestStoreLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.flags = []string{"--store-max-bytes", "64MiB"}
	w.open()
	accepted, refused := 0, w.stored("large 0")
	for ; w.room(refused); refused = w.stored(fmt.Sprintf("large %d", accepted)) {
		if accepted++; accepted > 10 {
			t.Fatal("the limit is not kept")
		}
	}
	if accepted == 0 {
		t.Fatal("nothing fits into the store")
	}
	if r := w.cli("campaign", "list", "--json"); strings.Count(r.stdout, "\n") != accepted {
		t.Errorf("%d were accepted: %+v", accepted, r)
	}
	w.daemon.stop()
	w.flags = []string{"--store-max-bytes", "1GiB"}
	w.serve("")
	if !w.room(refused) {
		t.Error("the raised limit changes nothing")
	}
	small := w.personalised("small", 10)
	w.mustSubmit(small)
	if s := w.finish(small); s.Delivered != 10 {
		t.Errorf("%+v", s)
	}
}

// stored is a mailing that takes much room and is not sent during the test.
func (w *world) stored(name string) *mailing {
	w.t.Helper()
	m := w.mailing(name, "{{ friend }}", 50_000, func(i int) string { return incompressible(i, 400) })
	at := fmt.Sprintf(`{"at":%q}`, time.Now().Add(time.Hour).Format(time.RFC3339))
	m.campaign = write(w.t, w.dir, name+".json", definition(name, "{{ friend }}", at)) // it needs the column, so it is stored
	return m
}

// room submits, and tells whether it was accepted or refused as too much.
func (w *world) room(m *mailing) bool {
	w.t.Helper()
	definition, audience := content(w.t, m)
	status, text := w.post(m.key, definition, audience)
	full := status == http.StatusInsufficientStorage && strings.HasPrefix(text, "the store is full, nothing was accepted: ")
	if !full && status != http.StatusAccepted {
		w.t.Fatalf("%d %s\n%s", status, text, tail(w.daemon.said()))
	}
	return !full
}

// incompressible is text that is nearly as long in any store.
func incompressible(seed, length int) string {
	raw := make([]byte, length*3/4)
	chance := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	_, _ = chance.Read(raw) // it never fails
	return base64.StdEncoding.EncodeToString(raw)
}
