package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"hayauma.example/engine/journal"
)

func TestSubmitAndShow(t *testing.T) {
	d := newDesk(t, "")
	a := d.submit(form{key: "k", campaign: file(text), audience: rows + userA + ",Ann again\n"})
	d.want(http.StatusAccepted, a)
	id := a.id(t)
	if got := a.header.Get("Location"); got != "/v1/campaigns/"+id {
		t.Errorf("Location is %q", got)
	}
	d.want(200, d.do("GET", "/v1/campaigns/"+id, ""), `"state":"scheduled"`, `"accepted":2`,
		`"pending":2`, `"rows":3`, `"duplicates":1`, `"due":"2035-01-01T00:00:00Z"`)
	d.want(409, d.do("GET", "/v1/campaigns/"+id+"/recipients", ""))
}

func TestFormsOfAnAudience(t *testing.T) {
	d := newDesk(t, "")
	lines := `{"user_id":"` + userA + `","name":"Ann"}` + "\n" + `{"name":"Bob","user_id":"` + userB + `"}`
	for i, f := range []form{
		{audience: rows},
		{audience: gzipped(rows), encoding: "gzip"},
		{audience: lines, kind: "application/x-ndjson"},
		{audience: gzipped(lines), kind: "application/x-ndjson; charset=utf-8", encoding: "gzip"},
	} {
		f.key, f.campaign = fmt.Sprint(i), file(text)
		a := d.submit(f)
		d.want(http.StatusAccepted, a)
		d.want(200, d.do("GET", "/v1/campaigns/"+a.id(t), ""), `"accepted":2`)
	}
}

func TestSameKey(t *testing.T) {
	d := newDesk(t, "")
	f := form{key: "k", campaign: file(text), audience: rows}
	first := d.submit(f)
	d.want(http.StatusAccepted, first)

	spaced := f
	spaced.campaign = strings.ReplaceAll(f.campaign, ",", " ,\n ")
	packed := f
	packed.audience, packed.encoding = gzipped(rows), "gzip"
	for name, same := range map[string]form{"the same": f, "laid out otherwise": spaced, "compressed": packed} {
		a := d.submit(same)
		d.want(http.StatusAccepted, a)
		if a.id(t) != first.id(t) {
			t.Errorf("%s: id %s, want %s", name, a.id(t), first.id(t))
		}
	}

	other := f
	other.audience = rows + "U0000000000000000000000000000000c,Cat\n"
	renamed := f
	renamed.campaign = strings.Replace(f.campaign, `"n"`, `"m"`, 1)
	for _, differs := range []form{other, renamed} {
		d.want(422, d.submit(differs), "Idempotency-Key reused", "take a new key")
	}
	f.key = "k2"
	if d.submit(f).id(t) == first.id(t) {
		t.Error("another key is the same campaign")
	}
}

func TestSameKeyAfterTheChannelIsGone(t *testing.T) {
	d := newDesk(t, "")
	f := form{key: "k", campaign: file(text), audience: rows}
	id := d.submit(f).id(t)
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/cancel", ""))
	d.eventually("the campaign is over", func() bool {
		return strings.Contains(d.do("GET", "/v1/campaigns/"+id, "").body, `"state":"cancelled"`)
	})
	if a := d.do("DELETE", "/v1/channels/shop", ""); a.status != http.StatusNoContent {
		t.Fatalf("the channel is not removed: %d %s", a.status, a.body)
	}
	if got := d.submit(f); got.status != http.StatusAccepted || got.id(t) != id {
		t.Errorf("the repeat is answered %d: %s", got.status, got.body)
	}
	f.key = "new"
	d.want(422, d.submit(f), `unknown channel`, "hayauma channel add shop")
}

func TestInProgress(t *testing.T) {
	d := newDesk(t, "")
	f := form{key: "k", campaign: file(text), audience: rows}
	body, kind := f.body()
	half := body.Len() - 60
	before, err := d.store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	first := make(chan answer, 1)
	go func() { first <- d.post(d.Context(), f.key, kind, r) }()
	if _, err := io.CopyN(w, body, int64(half)); err != nil {
		t.Fatal(err)
	}
	d.eventually("the first upload has begun", func() bool {
		now, err := d.store.Stats(d.Context())
		return err == nil && now.Records > before.Records
	})
	d.want(409, d.submit(f), "in progress")
	if _, err := io.Copy(w, body); err != nil {
		t.Fatal(err)
	}
	w.Close()
	a := <-first
	d.want(http.StatusAccepted, a)
	if again := d.submit(f); again.id(t) != a.id(t) {
		t.Error("the repeat after the end is another campaign")
	}
}

func TestDisconnect(t *testing.T) {
	d := newDesk(t, "")
	var big strings.Builder
	big.WriteString("user_id,name\n")
	for i := range 20_000 {
		fmt.Fprintf(&big, "U%032x,%0100d\n", i, i)
	}
	f := form{key: "k", campaign: file(text), audience: big.String()}
	body, kind := f.body()
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/campaigns", r)
		if err == nil {
			req.Header.Set("Content-Type", kind)
			req.Header.Set("Idempotency-Key", f.key)
			_, err = http.DefaultClient.Do(req)
		}
		ended <- err
	}()
	if _, err := io.CopyN(w, body, int64(body.Len()/2)); err != nil {
		t.Fatal(err)
	}
	d.eventually("parts are stored", func() bool {
		stats, err := d.store.Stats(d.Context())
		return err == nil && stats.Objects > 0
	})
	cancel()
	w.CloseWithError(context.Canceled)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the first request ended with %v", err)
	}
	d.nothingStored()
	d.want(http.StatusAccepted, d.submit(f))
}

func TestStoreFull(t *testing.T) {
	for name, broken := range map[string]error{"limit": journal.ErrFull, "disk": fmt.Errorf("write: %w", syscall.ENOSPC)} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, "")
			d.store.Fault = func(c journal.Call) error {
				if c.Op == "put" && !c.Done {
					return broken
				}
				return nil
			}
			d.want(http.StatusInsufficientStorage, d.submit(form{key: "k", campaign: file(text), audience: rows}), "free disk space or raise --store-max-bytes")
			d.nothingStored()
			d.want(200, d.do("GET", "/v1/campaigns", ""), `"campaigns":[]`)
		})
	}
}
