package roster_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/cluster/roster"
)

func member(id string) roster.Member {
	return roster.Member{Incarnation: "01JD3Y6Z9V00000000000000" + id, Node: "node-" + id, Address: "10.0.0.1:7700", Roles: []string{"checker", "poster"}}
}

func TestMemberTellsTheFix(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*roster.Member)
		want   string
	}{
		"no incarnation":  {func(m *roster.Member) { m.Incarnation = "" }, "make one at each start"},
		"small letters":   {func(m *roster.Member) { m.Incarnation = strings.ToLower(m.Incarnation) }, "in capitals"},
		"no node":         {func(m *roster.Member) { m.Node = "" }, "give it 1 to 64"},
		"long node":       {func(m *roster.Member) { m.Node = strings.Repeat("n", 65) }, "give it 1 to 64"},
		"node of kana":    {func(m *roster.Member) { m.Node = "早馬" }, "letters, digits"},
		"no port":         {func(m *roster.Member) { m.Address = "10.0.0.1" }, "give host:port"},
		"no host":         {func(m *roster.Member) { m.Address = ":7700" }, "give host:port"},
		"long address":    {func(m *roster.Member) { m.Address = strings.Repeat("a", 255) + ":1" }, "at most 255"},
		"roles unsorted":  {func(m *roster.Member) { m.Roles = []string{"b", "a"} }, "once, sorted"},
		"role twice":      {func(m *roster.Member) { m.Roles = []string{"a", "a"} }, "once, sorted"},
		"role of a space": {func(m *roster.Member) { m.Roles = []string{" "} }, "role name"},
		"many roles":      {func(m *roster.Member) { m.Roles = make([]string, 65) }, "at most 64"},
		"heavy":           {func(m *roster.Member) { m.Weight = 1001 }, "at most 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			m := member("01")
			c.change(&m)
			err := m.Validate()
			if !errors.Is(err, roster.ErrMember) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an ErrMember with %q", err, c.want)
			}
		})
	}
	if err := member("01").Validate(); err != nil {
		t.Error(err)
	}
}

func TestMemberTravels(t *testing.T) {
	want := member("01")
	want.State, want.Weight = roster.Active, 3
	for name, via := range map[string]struct {
		to   func(any) ([]byte, error)
		from func([]byte, any) error
	}{"json": {json.Marshal, json.Unmarshal}, "msgpack": {msgpack.Marshal, msgpack.Unmarshal}} {
		data, err := via.to(want)
		if err != nil {
			t.Fatal(err)
		}
		var got roster.Member
		if err := via.from(data, &got); err != nil || !got.Equal(want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		newer, _ := via.to(map[string]any{"incarnation": "x", "node": "n", "shoe_size": 44})
		got = roster.Member{}
		if err := via.from(newer, &got); err != nil || !got.Equal(roster.Member{Incarnation: "x", Node: "n"}) {
			t.Errorf("%s of another version: %+v, %v", name, got, err)
		}
	}
}

// These bytes are what other versions read.
func TestMemberFieldNamesNeverChange(t *testing.T) {
	m := member("01")
	m.State = roster.Draining
	data, _ := json.Marshal(m)
	const want = `{"incarnation":"01JD3Y6Z9V0000000000000001","node":"node-01","address":"10.0.0.1:7700","roles":["checker","poster"],"weight":0,"state":"draining","proven":0}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}

func TestMemberWithoutStateIsJoining(t *testing.T) {
	v, err := roster.DecodeView([]byte(`{"epoch":1,"members":[{"incarnation":"01JD3Y6Z9V0000000000000001","node":"n","address":"h:1","later":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if m := v.Members[0]; m.State != roster.Joining || m.Share() != 1 {
		t.Errorf("%+v", m)
	}
}
