package template

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/osteele/liquid"
	"github.com/osteele/liquid/expressions"
	"github.com/osteele/liquid/filters"
)

const maxText = 64 << 10 // bytes of any intermediate string

// standard are Liquid's filters that are kept as they are. Left out: what makes arrays of objects, what shows Go types, and
// what could build a large value before its size is seen, which is written anew below.
var standard = func() map[string]any {
	kept := filterSet{}
	filters.AddStandardFilters(kept)
	for _, name := range []string{"compact", "concat", "map", "where", "sum", "type", "inspect", "sort_natural"} {
		delete(kept, name)
	}
	strftime, _ = kept["date"].(func(time.Time, func(string) string) (string, error))
	maps.Copy(kept, rewritten)
	return kept
}()

// strftime is Liquid's own date filter, which is given parsed times only: it would read texts by the wall clock and zone.
var strftime func(t time.Time, format func(string) string) (string, error)

type filterSet map[string]any

// AddFilter is called by Liquid's own registration.
func (s filterSet) AddFilter(name string, fn any) { s[name] = fn }

// filterNames are for the words of an error.
var filterNames = strings.Join(slices.Sorted(maps.Keys(standard)), ", ")

func allowedFilter(name string) bool { _, ok := standard[name]; return ok }

var rewritten = filterSet{
	"append":  func(s, suffix string) string { return s[:fits(s, len(s)+len(suffix))] + suffix },
	"prepend": func(s, prefix string) string { return prefix + s[:fits(s, len(s)+len(prefix))] },
	"replace": func(s, old, with string) string {
		fits(s, len(s)+strings.Count(s, old)*len(with))
		return strings.ReplaceAll(s, old, with)
	},
	"join": func(a []any, sep func(string) string) string {
		return joinBounded(a, sep(" "))
	},
	"strip_html": func(s string) string { return htmlTag.ReplaceAllString(s, "") },
	"slice":      slice,
	"date":       func(v any, _ func(string) string) string { return "" }, // replaced by frozen.date
}

var htmlTag = regexp.MustCompile(`<.*?>`)

// fits returns len(s), or stops the evaluation when n bytes are too many.
func fits(s string, n int) int {
	if n > maxText {
		panic(errTooLong)
	}
	return len(s)
}

func joinBounded(a []any, sep string) string {
	var out strings.Builder
	for i, v := range a {
		text := fmt.Sprint(v)
		fits("", out.Len()+len(sep)+len(text))
		if i > 0 {
			out.WriteString(sep)
		}
		out.WriteString(text)
	}
	return out.String()
}

// slice cuts characters of a text; a negative start counts from the end.
func slice(s string, start int, length func(int) int) string {
	runes := []rune(s)
	if start < 0 {
		start = max(0, len(runes)+start)
	}
	start = min(start, len(runes))
	return string(runes[start : start+min(max(0, length(1)), len(runes)-start)])
}

// newEngine makes an engine with our tags and filters, whose clock stands at f.
func newEngine(opts Options, f frozen) *liquid.Engine {
	e := liquid.NewEngine()
	for _, tag := range []string{"include", "render", "break", "continue", "cycle", "capture", "for", "tablerow"} {
		e.UnregisterTag(tag)
	}
	e.RegisterTemplateStore(noFiles{})
	for name, fn := range standard {
		e.RegisterFilter(name, guarded(fn))
	}
	e.RegisterFilter("date", guarded(f.date))
	return e.Delims(opts.Delimiters[0], opts.Delimiters[1], opts.Delimiters[2], opts.Delimiters[3])
}

// noFiles is the template store: there are no files to include.
type noFiles struct{}

// ReadTemplate refuses.
func (noFiles) ReadTemplate(string) ([]byte, error) {
	return nil, expressions.InterpreterError("templates cannot include files")
}

// guarded stops the evaluation when a filter's text is too long, so that repeated filters cannot grow without end.
func guarded(fn any) any {
	f := reflect.ValueOf(fn)
	call := f.Call
	if f.Type().IsVariadic() {
		call = f.CallSlice
	}
	return reflect.MakeFunc(f.Type(), func(args []reflect.Value) []reflect.Value {
		out := call(args)
		switch v := out[0].Interface().(type) {
		case string:
			fits("", len(v))
		case []byte:
			fits("", len(v))
		}
		return out
	}).Interface()
}

// frozen is the clock of a run.
type frozen struct{ now time.Time }

const maxDateFormat = 256 // bytes

var wideField = regexp.MustCompile(`%[-_^#0]*\d{3,}`)

// date formats a time, a Unix time or a written date in the zone of the run.
func (f frozen) date(v any, format func(string) string) string {
	layout := format("%a, %b %d, %y")
	if len(layout) > maxDateFormat || wideField.MatchString(layout) {
		panic(expressions.InterpreterError("the date format is too long"))
	}
	t, ok := f.parse(v)
	if !ok {
		if v == nil || v == "" {
			return ""
		}
		panic(expressions.InterpreterError("the value is not a date that the date filter can read"))
	}
	text, err := strftime(t, func(string) string { return layout })
	if err != nil {
		panic(expressions.InterpreterError("the date format cannot be read"))
	}
	return text
}

func (f frozen) parse(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case int:
		return time.Unix(int64(v), 0).In(f.now.Location()), true
	case string:
		return f.parseText(strings.TrimSpace(v))
	}
	return time.Time{}, false
}

var dateLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02",
	"2006/01/02 15:04:05", "2006/01/02 15:04", "2006/01/02", "20060102T150405Z", "02 January 2006", "02 Jan 2006", "January 2, 2006",
	"Jan 2, 2006", time.RFC1123Z, time.ANSIC,
}

func (f frozen) parseText(s string) (time.Time, bool) {
	if s == "now" || s == "today" {
		return f.now, true
	}
	if sec, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(sec, 0).In(f.now.Location()), true
	}
	for _, layout := range dateLayouts {
		if t, err := time.ParseInLocation(layout, s, f.now.Location()); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
