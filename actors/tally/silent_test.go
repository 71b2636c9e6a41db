package tally

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// heard notes who was asked to tell again.
type heard[M any] struct {
	id   string
	tell func(id string)
}

func (h heard[M]) Handle(*engine.Context[M], M) { h.tell(h.id) }

// Who has said nothing for a day is asked: a run's checker, and a book of single messages.
func TestWhoIsSilentIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := codec.NewRegistry()
		Register(reg)
		sys := enginetest.NewSystem(t, enginetest.Options{Store: enginetest.NewStore(), Messages: reg, Log: enginetest.Silence})
		Serve(sys, actors.Usages)
		asked := make(chan string, 10)
		engine.Serve(sys, actors.Checkers, func(id string) engine.Actor[actors.CheckerMsg] {
			return heard[actors.CheckerMsg]{id, func(id string) { asked <- "checker " + id }}
		})
		engine.Serve(sys, actors.Messages, func(id string) engine.Actor[actors.MessageMsg] {
			return heard[actors.MessageMsg]{id, func(id string) { asked <- "messages " + id }}
		})
		count := func(run string) {
			month := actors.Figures{Month: "2000-01"}
			month.Outcomes[actors.Delivered] = 1
			word := actors.Count{Run: run, Sent: time.Now(), Version: 1, Figures: []actors.Figures{month}}
			if _, err := engine.Ask[actors.Counted](t.Context(), actors.Usages.Ref(sys, "shop"), actors.TallyMsg(word)); err != nil {
				t.Fatal(err)
			}
		}
		count("run")
		count(actors.MessagesTally("shop/7", "2000-01"))
		time.Sleep(25 * time.Hour)
		count("another")
		synctest.Wait()
		close(asked)
		var got []string
		for who := range asked {
			got = append(got, who)
		}
		if slices.Sort(got); !slices.Equal(got, []string{"checker run", "messages shop/7"}) {
			t.Errorf("asked: %v", got)
		}
	})
}
