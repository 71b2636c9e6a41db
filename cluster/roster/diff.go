package roster

// Diff is what lies between two views.
type Diff struct {
	Came    []Member
	Went    []Member
	Changed []Change // same incarnation, other roles, weight, state or address
}

// Change is one member before and after.
type Change struct{ Before, After Member }

// Empty is a diff of views that differ at most in their epoch.
func (d Diff) Empty() bool { return len(d.Came)+len(d.Went)+len(d.Changed) == 0 }

// Between compares two views in one pass; both are sorted.
func Between(before, after View) Diff {
	var d Diff
	a, b := before.Members, after.Members
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Incarnation < b[0].Incarnation:
			d.Went, a = append(d.Went, a[0]), a[1:]
		case len(a) == 0 || b[0].Incarnation < a[0].Incarnation:
			d.Came, b = append(d.Came, b[0]), b[1:]
		default:
			if !a[0].Equal(b[0]) {
				d.Changed = append(d.Changed, Change{a[0], b[0]})
			}
			a, b = a[1:], b[1:]
		}
	}
	return d
}
