package config

import (
	"slices"
	"strings"
	"testing"

	"hayauma.example/actors"
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
	if got := c.Roles(); !slices.Equal(got, []string{actors.RoleChecker, actors.RoleUsage}) {
		t.Errorf("a node of the type checker carries %v", got)
	}
	if err := kinds.set(&c, "poster=x"); err == nil || !strings.Contains(err.Error(), "share their shards") {
		t.Errorf("half of a role: %v", err)
	}
}
