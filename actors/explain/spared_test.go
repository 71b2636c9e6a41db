package explain_test

import (
	"fmt"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/explain"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/recipient"
	"hayauma.example/actors/template"
)

// Quiet hours count at the time and by the clock of a recipient's lot, not when the first lot is due.
func TestQuietHoursAreThoseOfTheLotsTime(t *testing.T) {
	in := input(t, "hi", "user_id\n"+id(1)+"\n"+id(2)+"\n"+id(3)+"\n"+id(4)+"\n")
	night := actors.RecipientSettings{Quiet: "22:00-08:00"}
	settings := map[string]actors.RecipientSettings{id(1): night, id(2): night, id(3): {OptOut: true}, id(4): night}
	in.Settings = func(user string) (actors.RecipientSettings, bool) {
		s, ok := settings[user]
		return s, ok
	}
	in.Screen = recipient.Screen{}
	in.Fill = func(p *plan.Input) error {
		p.Templates = []*template.Template{p.Template}
		p.Lot = func(user string, _ []string) (lot plan.Lot) {
			lot.Local = true
			switch user {
			case id(2):
				lot.Delay = 9 * time.Hour // it is midnight: that is after the quiet hours
			case id(4):
				lot.Delay, lot.Offset = 9*time.Hour, 14*60*60 // where it is 23:00 then
			}
			return lot
		}
		return nil
	}
	r, err := explain.Read(t.Context(), in, explain.Options{Dir: temp(t)})
	if err != nil {
		t.Fatal(err)
	}
	report, err := r.Explain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(report.Spared), "{1 [{opted_out 1}] 2}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
