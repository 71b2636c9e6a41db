package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestCanonicalForm(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"already", `[{"a":1}]`, `[{"a":1}]`},
		{"space and order", " { \"b\" : [ ] , \"a\" : { } }\n", `{"a":{},"b":[]}`},
		{"nested order", `{"z":{"b":1,"a":2},"a":[{"y":1,"x":2}]}`, `{"a":[{"x":2,"y":1}],"z":{"a":2,"b":1}}`},
		// RFC 8785, section 3.2.2: the worked example of literals, numbers and strings.
		{"rfc literals", `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		// RFC 8785, section 3.2.3: order by UTF-16 code units, where the surrogate pair comes before U+FB33.
		{"rfc order", `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: " +
				"Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"},
		{"minus zero", `[-0,-0.0,0e5,-5,100000000000000000000,1e21,1e-6,1e-7,123456789012345678]`,
			`[0,0,0,-5,100000000000000000000,1e+21,0.000001,1e-7,123456789012345680]`},
		{"delete and separators stay", "\"\x7f\u2028\"", "\"\x7f\u2028\""},
	}
	for _, tc := range tests {
		got, err := Canonical(nil, []byte(tc.in))
		if err != nil || string(got) != tc.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", tc.name, got, err, tc.want)
		}
	}
}

// The numbers of RFC 8785, appendix B, by their bits.
func TestNumbersOfTheRFC(t *testing.T) {
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0x4340000000000000: "9007199254740992", 0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22", 0x44b52d02c7e14af6: "1e+23", 0x444b1ae4d6e2ef4e: "999999999999999700000", 0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001", 0x41b3de4355555553: "333333333.3333332", 0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		if got := string(appendNumber(nil, math.Float64frombits(bits))); got != want {
			t.Errorf("%x: got %s, want %s", bits, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "open": "[", "comma": "[1,]", "two values": "1 2", "word": "nul", "leading zero": "01", "point": "1.", "exponent": "1e", "plus": "+1",
		"control": "\"\n\"", "control after escape": "\"\\n\n\"", "escape": `"\x"`, "half pair": `"\ud800"`, "low alone": `"\udc00"`, "pair broken": `"\ud83dx"`,
		"utf-8":              "\"\xff\"",
		"utf-8 after escape": "\"\\n\xff\"", "twice": `{"a":1,"a":2}`, "twice by escape": `{"a":1,"b":3,"\u0061":2}`, "too large": "1e400",
		"deep": strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
		"name": `{1:2}`, "no colon": `{"a" 1}`, "open string": `"a`, "open escape": `"\`, "short u": `"\u00`, "nul byte": "1\x00",
	} {
		out, err := Canonical(nil, []byte(in))
		if bad := new(SyntaxError); !errors.As(err, &bad) {
			t.Errorf("%s: %q gave %s, %v", name, in, out, err)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":1,"a":[true,null,"\u00e9"]}`, `[1e-7,-0,123456789012345678901]`, `"\ud83d\ude00"`, `{"a":{"a":{}}}`, `[`,
		`{"\ufb33":1,"😀":2}`, `{"a":1,"a":2}`, `[1,2]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := Canonical(nil, in)
		if err != nil {
			return
		}
		if !json.Valid(in) {
			t.Fatalf("read %q, which isn't JSON", in)
		}
		again, err := Canonical(nil, once)
		if err != nil || !bytes.Equal(once, again) {
			t.Fatalf("%q: once %s, again %s, %v", in, once, again, err)
		}
		var a, b any
		if json.Unmarshal(in, &a) != nil || json.Unmarshal(once, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%q and %s mean different values", in, once)
		}
	})
}

// FuzzReadsWhatJSONReads: what encoding/json accepts and Skip refuses is only what I-JSON or the depth forbids.
func FuzzReadsWhatJSONReads(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"c\n"}]}`, `"\u0041"`, ` true `, `-0.5E+3`, "\"\xff\"", `"\ud800"`, `{`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var r Reader
		r.Reset(in)
		err := r.Skip()
		if err == nil {
			err = r.End()
		}
		if (err == nil) == json.Valid(in) {
			return
		}
		if err == nil {
			t.Fatalf("read %q, which isn't JSON", in)
		}
		if utf8.Valid(in) && !bytes.Contains(bytes.ToLower(in), []byte(`\ud`)) && bytes.Count(in, []byte("["))+bytes.Count(in, []byte("{")) <= MaxDepth {
			t.Fatalf("refused %q: %v", in, err)
		}
	})
}

func FuzzCompareUTF16(f *testing.F) {
	f.Add("\ufb33", "😀")
	f.Add("a", "ab")
	f.Add("\ue000😀", "\ue000\uffff")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		if got := compareUTF16([]byte(a), []byte(b)); (got < 0) != (want < 0) || (got > 0) != (want > 0) {
			t.Fatalf("%q and %q: got %d, want %d", a, b, got, want)
		}
	})
}

func TestCanonicalAllocatesNothingWhenReused(t *testing.T) {
	text := []byte(`[{"type":"text","text":"Hello, Ada. Your code is 12345."}]`)
	var r Reader
	out := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		r.Reset(text)
		out, _ = r.Canonical(out[:0])
	}); n > 0 {
		t.Errorf("%v allocations for one text", n)
	}
}
