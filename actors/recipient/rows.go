package recipient

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
)

// Columns of a file of settings besides user_id, in the order of fields; and those that an export has and an import passes over.
var (
	columns = []string{NameOptOut, NameTopics, NameZone, NameQuiet}
	passed  = []string{NameSuppressed, NameSuppressedAt}
	fields  = []actors.RecipientFields{actors.FieldOptOut, actors.FieldTopics, actors.FieldZone, actors.FieldQuiet}
)

// Names that an export has.
const (
	NameSuppressed   = "suppressed"
	NameSuppressedAt = "suppressed_at"
)

// Bounds of a file where its limits name none.
const (
	defaultRows     = 10_000_000
	defaultBadLines = 20
)

// TopicSeparator stands between the topics of a row.
const TopicSeparator = "|"

// ReadRows reads a file of settings, CSV with a header or NDJSON, in the manners of package audience: a row has a user_id and any of opt_out
// (true or false), topics, time_zone and quiet_hours. An empty value is the default; what a row doesn't have stays as it is. While the file is
// good so far each row is given to keep, whose error ends the reading. A bad file gives [*audience.Errors].
func ReadRows(src audience.Source, limits audience.Limits, keep func(actors.RecipientChange) error) (rows int, err error) {
	limits.Rows = cmp.Or(limits.Rows, defaultRows)
	limits.BadLines = cmp.Or(limits.BadLines, defaultBadLines)
	f := &file{limits: limits, keep: keep}
	err = f.read(src)
	if bad, ok := errors.AsType[*audience.Error](err); ok && !errors.As(err, new(*audience.Errors)) {
		err = &audience.Errors{List: []*audience.Error{bad}}
	}
	return f.rows, err
}

type file struct {
	limits audience.Limits
	keep   func(actors.RecipientChange) error
	rows   int
	bad    audience.Errors
}

func (f *file) read(src audience.Source) error {
	r, err := audience.Open(src, f.limits, columns)
	if err != nil {
		return err
	}
	if src.Format == audience.CSV {
		if err := checkColumns(r.Columns()); err != nil {
			return err
		}
	}
	for rec, err := range r.Records() {
		if err == nil {
			err = f.row(rec)
		}
		bad, ok := errors.AsType[*audience.Error](err)
		switch {
		case err == nil:
			continue
		case !ok:
			return err
		}
		f.bad.List = append(f.bad.List, bad)
		if f.bad.More = len(f.bad.List) >= f.limits.BadLines || f.rows > f.limits.Rows; f.bad.More {
			break
		}
	}
	switch {
	case len(f.bad.List) > 0:
		return &f.bad
	case f.rows == 0:
		return &audience.Error{Problem: "the file has no rows"}
	}
	return checkColumns(r.Columns())
}

// checkColumns finds what would be lost without a word.
func checkColumns(names []string) error {
	some := false
	for _, name := range names {
		known := slices.Contains(columns, name)
		if some = some || known; !known && !slices.Contains(passed, name) {
			return &audience.Error{Line: 1, Column: name, Problem: "is no setting: there are " + strings.Join(columns, ", ")}
		}
	}
	if !some {
		return &audience.Error{Line: 1, Problem: "no settings are named: there are " + strings.Join(columns, ", ")}
	}
	return nil
}

func (f *file) row(rec *audience.Record) error {
	if f.rows++; f.rows > f.limits.Rows {
		return &audience.Error{Line: rec.Line, Problem: fmt.Sprintf("more than %d rows: split the file", f.limits.Rows)}
	}
	c, err := changeOf(rec)
	if err != nil || len(f.bad.List) > 0 {
		return err
	}
	return f.keep(c)
}

func changeOf(rec *audience.Record) (c actors.RecipientChange, err error) {
	wrong := func(column, problem string) error {
		return &audience.Error{Line: rec.Line, Column: column, Problem: problem}
	}
	switch {
	case len(rec.User) == 0:
		return c, wrong(audience.UserColumn, "is missing")
	case !audience.LineID(rec.User):
		return c, wrong(audience.UserColumn, "is not "+IDRule)
	}
	c.User = string(rec.User)
	for i, value := range rec.Values {
		if value != nil {
			c.Sets |= fields[i]
		}
	}
	switch text := string(rec.Values[0]); text {
	case "", "false", "0":
	case "true", "1":
		c.Settings.OptOut = true
	default:
		return c, wrong(NameOptOut, "is not true or false")
	}
	if topics := string(rec.Values[1]); topics != "" {
		c.Settings.Topics = strings.Split(topics, TopicSeparator)
	}
	c.Settings.Zone, c.Settings.Quiet = string(rec.Values[2]), string(rec.Values[3])
	c.Settings, err = Normal(c.Settings)
	if bad, ok := errors.AsType[*FieldError](err); ok {
		return c, wrong(bad.Field, bad.Problem)
	}
	return c, err
}

// IDRule is what a user's id in a request or a file looks like: one in another spelling would be a user to whom nothing is ever sent.
const IDRule = "U and 32 hex digits in lower case"
