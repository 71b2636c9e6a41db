package line_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/actors/provider/line"
)

// corpus reads testdata/messages/{good,bad}/*.json. A bad file starts with a line "// path: problem" that CheckMessages must tell.
func corpus(t testing.TB, kind string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "messages", kind, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s messages: %v", kind, err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = b
	}
	return all
}

// split takes the expectation off a bad file.
func split(t testing.TB, name string, file []byte) (want string, messages []byte) {
	t.Helper()
	first, rest, ok := strings.Cut(string(file), "\n")
	want, comment := strings.CutPrefix(first, "// ")
	if !ok || !comment {
		t.Fatalf("%s doesn't start with // and what is wrong", name)
	}
	return want, []byte(rest)
}

func TestGoodMessages(t *testing.T) {
	for name, messages := range corpus(t, "good") {
		if err := line.CheckMessages(messages); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadMessagesAreRefusedWithTheirPlace(t *testing.T) {
	for name, file := range corpus(t, "bad") {
		want, messages := split(t, name, file)
		err := line.CheckMessages(messages)
		if placed := new(line.MessageError); !errors.As(err, &placed) || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, want)
		}
	}
}

func text(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return `{"type":"text","text":` + string(b) + `}`
}

// LINE counts UTF-16 code units: an emoji is two.
func TestTextLengths(t *testing.T) {
	tests := []struct {
		text string
		want string
	}{
		{strings.Repeat("a", 5000), ""},
		{strings.Repeat("a", 5001), "messages[0].text: has 5001 UTF-16 code units, at most 5000 are allowed"},
		{strings.Repeat("あ", 5000), ""},
		{strings.Repeat("あ", 5001), "messages[0].text: has 5001 UTF-16 code units, at most 5000 are allowed"},
		{strings.Repeat("😀", 2500), ""},
		{strings.Repeat("😀", 2500) + "a", "messages[0].text: has 5001 UTF-16 code units, at most 5000 are allowed"},
		{"", "messages[0].text: must not be empty"},
	}
	for _, tc := range tests {
		got := ""
		if err := line.CheckMessages([]byte("[" + text(tc.text) + "]")); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%d bytes: got %q, want %q", len(tc.text), got, tc.want)
		}
	}
}

func TestNumberOfMessages(t *testing.T) {
	for n, ok := range []bool{false, true, true, true, true, true, false} {
		messages := "[" + strings.TrimSuffix(strings.Repeat(text("x")+",", n), ",") + "]"
		if err := line.CheckMessages([]byte(messages)); (err == nil) != ok {
			t.Errorf("%d messages: %v", n, err)
		}
	}
}

func TestCheckMessagesAllocatesLittle(t *testing.T) {
	messages := []byte("[" + text("Hello, Ada. Your code is 12345.") + "]")
	const limit = 1
	if n := testing.AllocsPerRun(200, func() {
		if err := line.CheckMessages(messages); err != nil {
			t.Error(err)
		}
	}); n > limit {
		t.Errorf("%v allocations for one text message, at most %d are allowed", n, limit)
	}
}

func FuzzCheckMessages(f *testing.F) {
	for _, m := range corpus(f, "good") {
		f.Add(m)
	}
	for name, m := range corpus(f, "bad") {
		_, messages := split(f, name, m)
		f.Add(messages)
	}
	f.Fuzz(func(t *testing.T, messages []byte) {
		err := line.CheckMessages(messages)
		if placed := new(line.MessageError); err != nil && (!errors.As(err, &placed) || !strings.HasPrefix(placed.Path, "messages")) {
			t.Fatalf("%q: %v has no place", messages, err)
		}
		if err != nil {
			return
		}
		var list []struct {
			Type string  `json:"type"`
			Text *string `json:"text"`
		}
		if json.Unmarshal(messages, &list) != nil || len(list) < 1 || len(list) > line.MaxMessages {
			t.Fatalf("%q passed", messages)
		}
		for _, m := range list {
			if m.Type == "" {
				t.Fatalf("%q passed without a type", messages)
			}
		}
	})
}
