package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hayauma.example/cluster/roster"
)

// All stands for every role.
const All = "all"

// builtIn says which role the kinds of this program have, unless kind-roles says otherwise.
var builtIn = map[string]string{
	"campaign": "composer", "composer": "composer",
	"poster": "poster", "channel": "poster", "recipient": "poster",
	"checker": "checker",
}

// together lists kinds that share their keys: a user's settings live where the user's posts do.
var together = [][2]string{{"poster", "recipient"}}

// RoleOf maps every kind to its role.
func (c Config) RoleOf() map[string]string {
	all := maps.Clone(builtIn)
	maps.Copy(all, c.KindRoles)
	return all
}

// AllRoles are the roles that there are, sorted.
func (c Config) AllRoles() []string {
	return slices.Compact(slices.Sorted(maps.Values(c.RoleOf())))
}

// Roles are those that this node carries, sorted, each once.
func (c Config) Roles() []string {
	if slices.Contains(c.NodeType, All) {
		return c.AllRoles()
	}
	return slices.Compact(slices.Sorted(slices.Values(c.NodeType)))
}

// missing are the roles that others have to carry.
func (c Config) missing() []string {
	mine := c.Roles()
	return slices.DeleteFunc(c.AllRoles(), func(role string) bool { return slices.Contains(mine, role) })
}

func (c Config) validateRoles() error {
	all := c.AllRoles()
	if len(all) > roster.MaxRoles {
		return fmt.Errorf("kind-roles make %d roles: at most %d are possible", len(all), roster.MaxRoles)
	}
	for kind, role := range c.RoleOf() {
		if role == All || !roster.ValidName(role) || !roster.ValidName(kind) {
			return fmt.Errorf("kind-roles %q: %q and %q must be names of at most %d letters, digits, '-', '_' and '.', and no role is called all", kind+"="+role, kind, role, roster.MaxName)
		}
	}
	for _, pair := range together {
		if a, b := c.RoleOf()[pair[0]], c.RoleOf()[pair[1]]; a != b {
			return fmt.Errorf("kind-roles give %s the role %q and %s the role %q, but they live together: give both the same", pair[0], a, pair[1], b)
		}
	}
	if len(c.Roles()) == 0 {
		return fmt.Errorf("node-type is empty: name roles of %s, or all", strings.Join(all, ", "))
	}
	for _, role := range c.Roles() {
		if !slices.Contains(all, role) {
			return fmt.Errorf("node-type %q is the role of no kind: there are %s, and kind-roles KIND=%s makes it one%s", role, strings.Join(all, ", "), role, hint(nearest(role, all)))
		}
	}
	return nil
}

func hint(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", name)
}

func setNodeType(c *Config, value string) error {
	c.NodeType = list(value)
	return nil
}

func setKindRoles(c *Config, value string) error {
	roles := map[string]string{}
	for _, part := range list(value) {
		kind, role, ok := strings.Cut(part, "=")
		kind, role = strings.TrimSpace(kind), strings.TrimSpace(role)
		if had, twice := roles[kind]; !ok || kind == "" || role == "" || twice && had != role {
			return fmt.Errorf("%q: want KIND=ROLE, each kind once, joined by commas", part)
		}
		roles[kind] = role
	}
	c.KindRoles = roles
	return nil
}

// list reads a comma list; empty parts are nothing.
func list(value string) []string {
	var parts []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
