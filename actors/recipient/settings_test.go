package recipient_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
)

func TestNormal(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 999, time.FixedZone("x", 3600))
	for _, c := range []struct{ given, want recipient.Settings }{
		{recipient.Settings{}, recipient.Settings{}},
		{recipient.Settings{Topics: []string{}}, recipient.Settings{}},
		{recipient.Settings{Topics: []string{"b", "a", "b"}}, recipient.Settings{Topics: []string{"a", "b"}}},
		{recipient.Settings{Zone: "Asia/Tokyo", Quiet: " 22:00-07:00 "}, recipient.Settings{Zone: "Asia/Tokyo", Quiet: "22:00-07:00"}},
		{recipient.Settings{Suppressed: actors.Suppression{At: at}}, recipient.Settings{}},
		{recipient.Settings{Suppressed: actors.Suppression{Reason: "gone", At: at}},
			recipient.Settings{Suppressed: actors.Suppression{Reason: "gone", At: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)}}},
		{recipient.Settings{Suppressed: actors.Suppression{Reason: strings.Repeat("é", 150)}},
			recipient.Settings{Suppressed: actors.Suppression{Reason: strings.Repeat("é", 100), At: time.Unix(0, 0).UTC()}}},
	} {
		got, err := recipient.Normal(c.given)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %+v, %v, want %+v", c.given, got, err, c.want)
		}
	}
}

func TestSettingsRefused(t *testing.T) {
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprint("t", i))
	}
	for _, c := range []struct {
		given recipient.Settings
		want  string
	}{
		{recipient.Settings{Topics: many}, "topics: 21 are given, 20 are possible"},
		{recipient.Settings{Topics: []string{"News"}}, `topics: "News" is none`},
		{recipient.Settings{Topics: []string{""}}, `topics: "" is none`},
		{recipient.Settings{Topics: []string{"-a"}}, `topics: "-a" is none`},
		{recipient.Settings{Topics: []string{"é"}}, `topics: "é" is none`},
		{recipient.Settings{Topics: []string{strings.Repeat("a", 64)}}, "is none"},
		{recipient.Settings{Zone: "JST"}, `time_zone: "JST" is not a time zone`},
		{recipient.Settings{Zone: "Local"}, "time_zone: "},
		{recipient.Settings{Zone: strings.Repeat("a", 65)}, "time_zone: is longer than 64 bytes"},
		{recipient.Settings{Quiet: "night"}, `quiet_hours: "NIGHT" is no range`},
		{recipient.Settings{Quiet: strings.Repeat("22:00-07:00,", 20) + "22:00-07:00"}, "quiet_hours: is longer than 200 bytes"},
	} {
		if _, err := recipient.Normal(c.given); err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 250 {
			t.Errorf("%+v: %v, want %q", c.given, err, c.want)
		}
	}
	many[19] = "0a-_" + strings.Repeat("z", 59)
	if _, err := recipient.Normal(recipient.Settings{Topics: many[:20]}); err != nil {
		t.Error(err)
	}
}

func TestUsers(t *testing.T) {
	for id, ok := range map[string]bool{
		user(1): true, "U1": true, "é/x y": true, strings.Repeat("x", 255): true,
		"": false, strings.Repeat("x", 256): false, "a\nb": false, "\xff": false,
	} {
		if what := recipient.CheckUser(id); (what == "") != ok || strings.Contains(what, "a\n") {
			t.Errorf("%q: %q", id, what)
		}
	}
}

func TestIsDefault(t *testing.T) {
	if !recipient.IsDefault(recipient.Settings{}) {
		t.Error("the zero value")
	}
	for f, v := range reflect.ValueOf(wishes).Fields() {
		var s recipient.Settings
		reflect.ValueOf(&s).Elem().FieldByIndex(f.Index).Set(v)
		if recipient.IsDefault(s) {
			t.Errorf("%s is no setting", f.Name)
		}
	}
}

// wishes are settings in normal form, none of them the default.
var wishes = recipient.Settings{OptOut: true, Topics: []string{"news", "sale"}, Zone: "Asia/Tokyo", Quiet: "22:00-07:00",
	Suppressed: actors.Suppression{Reason: "gone", At: time.Unix(1_800_000_000, 0).UTC()}}
