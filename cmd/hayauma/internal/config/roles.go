package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hayauma.example/actors"
	"hayauma.example/cluster/roster"
)

// All is the node type that carries everything.
const All = actors.AllTypes

// Roles are those whose shards this node takes: those of all kinds that its types carry.
func (c Config) Roles() []string { return c.Kinds.Roles(c.NodeType...) }

// AllRoles are those that some node has to carry.
func (c Config) AllRoles() []string { return actors.AllRoles() }

// missing are the node types that other nodes have to be.
func (c Config) missing() []string {
	if slices.Contains(c.NodeType, All) {
		return nil
	}
	return slices.DeleteFunc(c.Kinds.Types(), func(t string) bool { return slices.Contains(c.NodeType, t) })
}

func (c Config) validateRoles() error {
	types := c.Kinds.Types()
	if len(c.NodeType) == 0 {
		return fmt.Errorf("node-type is empty: name some of %s, or all", strings.Join(types, ", "))
	}
	errs := []error{c.Kinds.Validate()}
	for _, t := range c.NodeType {
		if t != All && !slices.Contains(types, t) {
			errs = append(errs, fmt.Errorf("node-type %q carries no kind: there are %s, and kind-roles KIND=%s gives it one%s", t, strings.Join(types, ", "), t,
				hint(nearest(t, types))))
		}
	}
	return errors.Join(errs...)
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

// Lacks tells that no active member carries a role, and what to start; empty: some member does.
func (c Config) Lacks(role string, active []roster.Member) string {
	if slices.ContainsFunc(active, func(m roster.Member) bool { return m.Carries(role) }) {
		return ""
	}
	name, nodeType := actors.RoleName(role), c.TypeOf(role)
	if other := c.mappedElsewhere(role, active); other != "" {
		return fmt.Sprintf("no node carries the role %s: node %s is of the type %s, but its kind-roles give %s to another: "+
			"start a node of that one, or set kind-roles alike everywhere", name, other, nodeType, name)
	}
	if mapped := c.Kinds.Mapped(role); mapped != "" {
		return fmt.Sprintf("no node carries the role %s: start one with NODE_TYPE=%s and kind-roles %s", name, nodeType, mapped)
	}
	return fmt.Sprintf("no node carries the role %s: start one with NODE_TYPE=%s", name, nodeType)
}

// mappedElsewhere is a node that is of the type which carries a role by our configuration, and not by its own; empty: none shows.
func (c Config) mappedElsewhere(role string, active []roster.Member) string {
	for _, other := range c.Kinds.Roles(c.TypeOf(role)) {
		for _, m := range active {
			if other != role && m.Carries(other) {
				return m.Node
			}
		}
	}
	return ""
}

// TypeOf is the node type that carries a role.
func (c Config) TypeOf(role string) string {
	for _, t := range c.Kinds.Types() {
		if slices.Contains(c.Kinds.Roles(t), role) {
			return t
		}
	}
	return All
}
