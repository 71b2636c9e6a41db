package actors

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A kind's role names its shards: their fences, their owners and the subjects of their records. It is the program's and never changes,
// because what is stored is found by it. Which nodes carry a role is configuration: a node has types (NODE_TYPE), and Carriers say
// which type carries which kind. So a kind can be mapped to other nodes at any time, and back: its shards are claimed there, and no
// record moves. Nodes that disagree for a while, as in a rolling restart, do no harm: each says for itself what it carries, and hosts
// nothing else. What can be mapped by itself is therefore a role, with all of the kinds in it.

// What an operator sees of a role is its name by RoleName: that of one of its kinds, so that kinds, roles and node types need one list of
// words.

// AllTypes is the node type that carries everything.
const AllTypes = "all"

// part is a role with its kinds, and the node type that carries it unless Carriers say otherwise.
type part struct {
	role, carrier string
	kinds         []string
}

func parts() []part {
	return []part{
		{RoleComposer, RoleComposer, []string{Campaigns.Name(), Composers.Name()}},
		{RolePoster, RolePoster, []string{Channels.Name(), Posters.Name(), Recipients.Name(), Messages.Name()}},
		{RoleChecker, RoleChecker, []string{Checkers.Name()}},
		{RoleReport, RoleChecker, []string{Statistics.Name()}},
		{RoleUsage, RoleChecker, []string{Usages.Name()}},
		{RoleWebhook, RoleChecker, []string{Webhooks.Name(), Publishers.Name()}},
		{RoleExperiment, RoleChecker, []string{Experiments.Name()}},
	}
}

// AllRoles are the roles of all kinds.
func AllRoles() []string { return Carriers{}.Roles(AllTypes) }

// AllKinds are the names of all kinds, in order.
func AllKinds() (all []string) {
	for _, p := range parts() {
		all = append(all, p.kinds...)
	}
	slices.Sort(all)
	return all
}

// RoleName is a role as operators see it: named after the kind in it that does its work. It differs from what is stored in one case, which
// can't be renamed there.
func RoleName(role string) string {
	if role == RoleReport {
		return Statistics.Name()
	}
	return role
}

// RoleOf is the role of a kind; empty: there is no such kind.
func RoleOf(kind string) string {
	for _, p := range parts() {
		if slices.Contains(p.kinds, kind) {
			return p.role
		}
	}
	return ""
}

// Mapped is how kind-roles have to be set for a role to be carried where Carriers say; empty where it is the built-in way.
func (l Carriers) Mapped(role string) string {
	var entries []string
	for _, p := range parts() {
		for _, kind := range p.kinds {
			if nodeType, mapped := l[kind]; mapped && p.role == role && nodeType != p.carrier {
				entries = append(entries, kind+"="+nodeType)
			}
		}
	}
	return strings.Join(entries, ",")
}

// Carriers maps kinds to node types where it isn't the built-in one: a kind goes by the type of its role's name, but statistics, usage,
// webhook and experiment by checker; publisher goes with webhook.
type Carriers map[string]string

// ParseCarriers reads KIND=TYPE, several joined by commas.
func ParseCarriers(text string) (Carriers, error) {
	l := Carriers{}
	for entry := range strings.SplitSeq(text, ",") {
		kind, nodeType, ok := strings.Cut(strings.TrimSpace(entry), "=")
		if _, twice := l[kind]; twice || !ok {
			return nil, fmt.Errorf("%q is not KIND=TYPE with each kind once, such as statistics=analytics,usage=billing", excerptOf(text))
		}
		l[kind] = nodeType
	}
	return l, l.Validate()
}

func excerptOf(text string) string { return text[:min(len(text), 100)] }

// Validate tells what can't be mapped so.
func (l Carriers) Validate() error {
	known := map[string]bool{}
	for _, p := range parts() {
		for _, kind := range p.kinds {
			known[kind] = true
			if l.carrier(p, kind) != l.carrier(p, p.kinds[0]) {
				return fmt.Errorf("the kinds %s share their shards: map all of them to one node type, or none", strings.Join(p.kinds, " and "))
			}
		}
	}
	for kind, nodeType := range l {
		switch {
		case !known[kind]:
			return fmt.Errorf("%q is no kind: %s", excerptOf(kind), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		case nodeType == AllTypes || nodeType == "" || strings.ContainsFunc(nodeType, notInType):
			return fmt.Errorf("%q can't name a node type: use a-z, 0-9, - and _, and not %s, which carries everything", excerptOf(nodeType), AllTypes)
		}
	}
	return nil
}

func notInType(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

func (l Carriers) carrier(p part, kind string) string {
	if nodeType, mapped := l[kind]; mapped {
		return nodeType
	}
	if kind == Recipients.Name() || kind == Messages.Name() { // they came later: where only the others are mapped, they go with them
		return l.carrier(p, Posters.Name())
	}
	if kind == Publishers.Name() { // likewise
		return l.carrier(p, Webhooks.Name())
	}
	return p.carrier
}

// Types are the node types that carry anything, in order.
func (l Carriers) Types() []string {
	var types []string
	for _, p := range parts() {
		types = append(types, l.carrier(p, p.kinds[0]))
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// Roles are what a node of these types carries.
func (l Carriers) Roles(types ...string) []string {
	var roles []string
	for _, p := range parts() {
		if slices.Contains(types, AllTypes) || slices.Contains(types, l.carrier(p, p.kinds[0])) {
			roles = append(roles, p.role)
		}
	}
	return roles
}
