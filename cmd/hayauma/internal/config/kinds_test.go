package config

import (
	"slices"
	"strings"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/cluster/roster"
)

func TestKindsAreCarriedAsConfigured(t *testing.T) {
	c := Default()
	if got := c.Roles(); !slices.Equal(got, actors.AllRoles()) {
		t.Errorf("by default %v", got)
	}
	kinds, _ := find("kind-roles")
	if err := kinds.set(&c, "statistics=analytics"); err != nil {
		t.Fatal(err)
	}
	if got := c.Roles(); !slices.Equal(got, actors.AllRoles()) {
		t.Errorf("a node of all types carries %v", got)
	}
	c.NodeType = []string{"analytics"}
	if got := c.Roles(); !slices.Equal(got, []string{actors.RoleReport}) {
		t.Errorf("a node of the type analytics carries %v", got)
	}
	c.NodeType = []string{"checker"}
	if got := c.Roles(); !slices.Equal(got, []string{actors.RoleChecker, actors.RoleUsage, actors.RoleWebhook, actors.RoleExperiment}) {
		t.Errorf("a node of the type checker carries %v", got)
	}
	if err := kinds.set(&c, "poster=x"); err == nil || !strings.Contains(err.Error(), "share their shards") {
		t.Errorf("half of a role: %v", err)
	}
}

// What is said of a role that nobody carries names the node type that carries it by kind-roles, and what else has to be set.
func TestMissingRoleNamesWhatToStart(t *testing.T) {
	member := func(node string, roles ...string) roster.Member { return roster.Member{Node: node, Roles: roles} }
	rest := member("a", actors.RoleComposer, actors.RolePoster)
	for name, tc := range map[string]struct {
		kinds, role string
		active      []roster.Member
		want        string
	}{
		"carried":     {"", actors.RolePoster, []roster.Member{rest}, ""},
		"nobody":      {"", actors.RolePoster, nil, "no node carries the role poster: start one with NODE_TYPE=poster"},
		"part of one": {"", actors.RoleReport, []roster.Member{rest}, "no node carries the role statistics: start one with NODE_TYPE=checker"},
		"mapped": {"statistics=analytics", actors.RoleReport, []roster.Member{rest, member("b", actors.RoleChecker, actors.RoleUsage)},
			"no node carries the role statistics: start one with NODE_TYPE=analytics and kind-roles statistics=analytics"},
		"another is mapped": {"statistics=analytics", actors.RoleUsage, []roster.Member{rest},
			"no node carries the role usage: start one with NODE_TYPE=checker"},
		"whole role mapped": {"channel=out,poster=out", actors.RolePoster, nil,
			"no node carries the role poster: start one with NODE_TYPE=out and kind-roles channel=out,poster=out"},
		"by its own name": {"statistics=statistics", actors.RoleReport, nil,
			"no node carries the role statistics: start one with NODE_TYPE=statistics and kind-roles statistics=statistics"},
		"mapped by others": {"", actors.RoleReport, []roster.Member{rest, member("b", actors.RoleChecker, actors.RoleUsage)},
			"no node carries the role statistics: node b is of the type checker, but its kind-roles give statistics to another: " +
				"start a node of that one, or set kind-roles alike everywhere"},
	} {
		c := Default()
		if tc.kinds != "" {
			kinds, _ := find("kind-roles")
			if err := kinds.set(&c, tc.kinds); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.Lacks(tc.role, tc.active); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
	}
}
