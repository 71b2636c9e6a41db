package actors_test

import (
	"slices"
	"strings"
	"testing"

	"hayauma.example/actors"
)

func TestCarriersSayWhatANodeCarries(t *testing.T) {
	for _, c := range []struct{ carriers, types, roles string }{
		{"", "all", "composer poster checker report usage webhook experiment"},
		{"", "composer poster checker", "composer poster checker report usage webhook experiment"},
		{"", "checker", "checker report usage webhook experiment"},
		{"", "poster", "poster"},
		{"", "experiment", ""},
		{"experiment=experiment", "experiment", "experiment"},
		{"experiment=experiment", "checker", "checker report usage webhook"},
		{"experiment=experiment", "all", "composer poster checker report usage webhook experiment"},
		{"", "analytics", ""},
		{"statistics=analytics", "analytics", "report"},
		{"statistics=analytics", "checker", "checker usage webhook experiment"},
		{"webhook=dmz", "dmz", "webhook"},
		{"webhook=dmz,publisher=dmz", "dmz", "webhook"},
		{"statistics=analytics", "all", "composer poster checker report usage webhook experiment"},
		{"statistics=money,usage=money", "money", "report usage"},
		{"campaign=front, composer=front", "front", "composer"},
		{"campaign=front, composer=front", "composer", ""},
		{"statistics=poster", "poster", "poster report"},
		{"channel=out,poster=out", "out", "poster"},
		{"channel=out,poster=out,recipients=out", "out", "poster"},
		{"channel=out,poster=out,recipients=out,messages=out", "out", "poster"},
	} {
		var l actors.Carriers
		if c.carriers != "" {
			var err error
			if l, err = actors.ParseCarriers(c.carriers); err != nil {
				t.Errorf("%s: %v", c.carriers, err)
			}
		}
		if got := strings.Join(l.Roles(strings.Fields(c.types)...), " "); got != c.roles {
			t.Errorf("with %q a node of %q carries %q, want %q", c.carriers, c.types, got, c.roles)
		}
	}
	if got := (actors.Carriers{"usage": "billing"}).Types(); !slices.Equal(got, []string{"billing", "checker", "composer", "poster"}) {
		t.Errorf("types %v", got)
	}
}

func TestAllKinds(t *testing.T) {
	want := "campaign channel checker composer experiment messages poster publisher recipients statistics usage webhook"
	if got := strings.Join(actors.AllKinds(), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCarriersRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "is not KIND=TYPE",
		"usage":                           "is not KIND=TYPE",
		"usage=a,usage=b":                 "each kind once",
		"usages=a":                        `"usages" is no kind: campaign, channel`,
		"campaign=front":                  "campaign and composer share their shards",
		"channel=a,poster=b":              "share their shards",
		"publisher=a":                     "webhook and publisher share their shards",
		"recipients=a":                    "channel and poster and recipients and messages share their shards",
		"channel=a,poster=a,recipients=b": "share their shards",
		"usage=all":                       "which carries everything",
		"usage=":                          "can't name a node type",
		"usage=A b":                       "can't name a node type",
		"usage=a,statistics=ü":            "can't name a node type",
		strings.Repeat("x", 9999):         "is not KIND=TYPE",
	} {
		if _, err := actors.ParseCarriers(text); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}
