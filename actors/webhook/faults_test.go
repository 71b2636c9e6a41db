package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/webhook"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// flaky fails half of the time, before or after it has taken a delivery.
func flaky(r *rand.Rand, taken func(delivery)) func(delivery) (int, error) {
	return func(d delivery) (int, error) {
		switch r.IntN(4) {
		case 0:
			return http.StatusInternalServerError, nil
		case 1:
			taken(d)
			return 0, errors.New("the connection was reset")
		}
		taken(d)
		return http.StatusOK, nil
	}
}

// Campaigns run and end while the receiver fails half of the time and the process is killed: every fact is told, each under one id, and
// those of campaigns and those of recipients in their order.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 1))
				w := newWorld(t)
				var first []delivery // of each id
				facts := map[string]string{}
				w.receiver.answers(flaky(rand.New(rand.NewPCG(seed, 2)), func(d delivery) {
					fact := fmt.Sprint(d.Type, d.Campaign.ID, d.At, d.Data)
					if before, known := facts[d.ID]; !known {
						first = append(first, d)
						facts[d.ID] = fact
					} else if before != fact && d.Type != webhook.CampaignProgress {
						t.Errorf("the id %s has two facts: %s and %s", d.ID, before, fact)
					}
				}))
				w.add(settings("crm"))
				var campaigns, recipients []string
				for i := range 30 {
					id := fmt.Sprintf("c%02d", i)
					w.run(id, "shop")
					w.campaign(id, campaign.WindowOpened{Number: 1}, campaign.Paused{}, campaign.Resumed{})
					w.checker("run-"+id, lost(1, actors.Failed, "bad"), lost(2, actors.Unknown, "doubt"))
					w.campaign(id, finished(2, 1))
					campaigns = append(campaigns, "started:"+id, "paused:"+id, "resumed:"+id, "finished:"+id)
					recipients = append(recipients, id+" 3", id+" 1", id+" 2")
					time.Sleep(time.Duration(r.IntN(3000)) * time.Millisecond)
					if r.IntN(5) == 0 {
						w.kill()
					}
				}
				synctest.Wait()
				before := len(first)
				w.receiver.answers(func(d delivery) (int, error) {
					if _, known := facts[d.ID]; !known {
						first, facts[d.ID] = append(first, d), ""
					}
					return 200, nil
				})
				time.Sleep(11 * time.Minute)
				synctest.Wait()
				var gotCampaigns, gotRecipients []string
				for _, d := range first {
					switch d.Type {
					case webhook.RecipientsFailed:
						for _, x := range d.Data.Recipients {
							gotRecipients = append(gotRecipients, fmt.Sprint(d.Campaign.ID, " ", x.Index))
						}
					case webhook.CampaignProgress:
					default:
						gotCampaigns = append(gotCampaigns, types([]delivery{d}))
					}
				}
				if !slices.Equal(gotCampaigns, campaigns) {
					t.Errorf("of campaigns came %v\nwant %v", gotCampaigns, campaigns)
				}
				if !slices.Equal(gotRecipients, recipients) {
					t.Errorf("of recipients came %v\nwant %v", gotRecipients, recipients)
				}
				if before == 0 {
					t.Error("nothing came while the receiver failed")
				}
			})
		})
	}
}

// While it is busy it appends once a second, and a kill repeats what came since, under the same ids. A planned hand-over repeats nothing.
func TestAKillRepeatsOneSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var appends atomic.Int32
		w.store.Fault = func(c journal.Call) error {
			if c.Op == "append" && !c.Done && slices.ContainsFunc(c.Records, func(r journal.Record) bool { return r.Grain.Kind == "webhook" }) {
				appends.Add(1)
			}
			return nil
		}
		some := settings("crm")
		some.Events = []string{webhook.CampaignPaused}
		w.add(some)
		w.campaign("a", accepted("shop"))
		synctest.Wait()
		before := appends.Load()
		busy := func() {
			for range 105 {
				w.campaign("a", campaign.Paused{}, campaign.Resumed{})
				time.Sleep(100 * time.Millisecond)
			}
			synctest.Wait()
		}
		busy()
		if n := appends.Load() - before; n < 10 || n > 11 {
			t.Errorf("%d appends in 10.5 s", n)
		}
		got := w.receiver.all()
		if len(got) != 105 {
			t.Fatalf("%d deliveries", len(got))
		}
		w.kill()
		time.Sleep(time.Minute) // its reminder wakes it
		synctest.Wait()
		again := w.receiver.all()
		if len(again) == 0 || len(again) > 10 {
			t.Fatalf("%d deliveries came again", len(again))
		}
		for i, d := range again {
			if old := got[len(got)-len(again)+i]; d.ID != old.ID || d.body != old.body {
				t.Errorf("again came %s, before %s", d.body, old.body)
			}
		}
		time.Sleep(2 * time.Second)
		w.kill()
		time.Sleep(time.Minute)
		w.want("")

		busy()
		w.receiver.all()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // it would record by itself 0.4 s later
		defer cancel()
		w.sys.Vacate(ctx, engine.Departure{Role: actors.RoleWebhook, Groups: 1, Group: func(string) int { return 0 }})
		w.info("crm")
		w.want("")
	})
}

// After many records the state is read from a snapshot.
func TestSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		some := settings("crm")
		some.Events = []string{webhook.CampaignPaused}
		w.add(some)
		w.campaign("a", accepted("shop"))
		for range 600 {
			w.campaign("a", campaign.Paused{}, campaign.Resumed{})
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Second)
		if got := w.receiver.all(); len(got) != 600 {
			t.Errorf("%d deliveries", len(got))
		}
		records := 0
		for id, err := range w.store.Grains(t.Context(), "all", "webhook") {
			if id != "crm" || err != nil {
				t.Fatal(id, err)
			}
		}
		follow, stop := context.WithCancel(t.Context())
		defer stop()
		for s := range w.store.Follow(follow, "all", "webhook", 0) {
			if s.Caught {
				break
			}
			records++
		}
		w.kill()
		time.Sleep(time.Minute)
		w.want("")
		if i := w.info("crm"); i.Delivered != 600 || i.Settings.URL != some.URL || records > 256 {
			t.Errorf("%d records; shown as %+v", records, i)
		}
	})
}

// A record that is left twice, and one that can't be read, stop nothing.
func TestRecordsThatAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.store.Fault = func(c journal.Call) error {
			if c.Op == "append" && !c.Done && slices.ContainsFunc(c.Records, func(r journal.Record) bool { return r.Grain.Kind == "campaign" }) {
				return journal.ErrStoreTwice
			}
			return nil
		}
		w.add(settings("crm"))
		w.campaign("a", accepted("shop"), campaign.Paused{})
		w.want("paused:a")
		w.campaign("a", ofTomorrow{X: 1}, campaign.Resumed{})
		w.want("")
		w.campaign("a", campaign.Paused{})
		w.want("paused:a")
		if n := w.log.count("a record is not told of"); n != 2 { // it is there twice
			t.Errorf("%d lines in the log", n)
		}
		w.checker("run-x", lost(1, actors.Failed, "bad")) // a run of which nobody knows the campaign
		w.want("")
		w.campaign("a", campaign.Resumed{})
		w.want("resumed:a")
		if n := w.log.count("no longer stored"); n != 1 {
			t.Errorf("%d lines in the log", n)
		}
	})
}

// An endpoint that gives no answer delays nobody else's, and is tried again after 10 s and a pause.
func TestASlowEndpointDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.receiver.answers(func(d delivery) (int, error) {
			if d.host == "slow.example" {
				return -1, nil
			}
			return 200, nil
		})
		w.add(settings("slow"))
		w.add(settings("fast"))
		begin := time.Now()
		for range 3 {
			w.campaign("a", accepted("shop"), campaign.Paused{})
		}
		time.Sleep(22 * time.Second)
		var fast, slow []string
		for _, d := range w.receiver.all() {
			if at := fmt.Sprint(d.at.Sub(begin)); d.host == "fast.example" {
				fast = append(fast, at)
			} else {
				slow = append(slow, at)
			}
		}
		if s := fmt.Sprint(fast, slow); s != "[0s 0s 0s] [0s 11s]" {
			t.Errorf("tries of both: %s", s)
		}
		if i := w.info("slow"); !strings.Contains(i.Reason, "no answer in time") {
			t.Errorf("shown as %+v", i)
		}
	})
}

// While an endpoint is down no more is read than fits, and all of it is delivered then.
func TestReadAheadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.receiver.answers(func(delivery) (int, error) { return 503, nil })
		w.add(settings("crm"))
		w.run("a", "shop")
		long := strings.Repeat("x", 1000)
		for range 100 {
			var e checker.Settled
			for range 300 {
				e.Entries = append(e.Entries, lost(1, actors.Failed, long).Entries...)
			}
			w.checker("run-a", e)
		}
		synctest.Wait()
		if n := w.read.Load(); n > 2<<20 {
			t.Errorf("%d bytes were read ahead", n)
		}
		w.receiver.answers(nil)
		time.Sleep(10 * time.Minute)
		got := w.receiver.all()
		n := 0
		for _, d := range got[1:] {
			n += len(d.Data.Recipients)
		}
		if n < 100*300 {
			t.Errorf("%d recipients in %d deliveries", n, len(got))
		}
	})
}

// A stop doesn't wait for a store that is read and gives no answer.
func TestStopDoesNotWaitForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deaf = time.Hour
		w.add(settings("crm"))
		time.Sleep(2 * time.Hour) // until where it begins is found
		w.campaign("a", accepted("shop"), campaign.Paused{})
		w.want("paused:a")
		begin := time.Now()
		if err := w.sys.Stop(t.Context()); err != nil || time.Since(begin) > time.Second {
			t.Errorf("the stop took %v: %v", time.Since(begin), err)
		}
		time.Sleep(2 * time.Hour)
	})
}
