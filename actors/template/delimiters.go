package template

import "strings"

// checkDelimited finds placeholders that Liquid's scanner would not pair, in one pass.
//
// The scanner is a regular expression that takes what it cannot pair as text, and looks to the end of the line from every such
// place again: a long line of them costs quadratic time (seen: minutes for 256 KiB). So each placeholder must be well-formed
// before the scanner sees the text, also inside comment and raw.
func (r *leafReader) checkDelimited() error {
	d := r.opts.Delimiters
	for rest := r.text; ; rest = r.text[r.offset:] {
		object, tag := strings.Index(rest, d[0]), strings.Index(rest, d[2])
		var err error
		switch {
		case object < 0 && tag < 0:
			r.offset = 0
			return nil
		case tag < 0 || object >= 0 && object < tag:
			err = r.checkObject(object)
		default:
			err = r.checkTag(tag)
		}
		if err != nil {
			return err
		}
	}
}

// checkObject moves behind the object that begins at bytes ahead.
func (r *leafReader) checkObject(at int) error {
	left, right := r.opts.Delimiters[0], r.opts.Delimiters[1]
	r.offset += at
	content := r.text[r.offset+len(left):]
	end := strings.Index(content, right)
	if end < 0 || strings.Contains(strings.TrimSpace(content[:end]), "\n") {
		return r.fail("%s is not closed on its line: close it, or write it as %s \"%s\" %s", left, left, left, right)
	}
	if strings.TrimSpace(content[:end]) == "" {
		return r.fail("the placeholder is empty: name a variable")
	}
	r.offset += len(left) + end + len(right)
	return nil
}

// checkTag moves behind the tag that begins at bytes ahead: a word, then the end or white space and arguments.
func (r *leafReader) checkTag(at int) error {
	left, right := r.opts.Delimiters[2], r.opts.Delimiters[3]
	r.offset += at
	content := r.text[r.offset+len(left):]
	end := strings.Index(content, right)
	if end < 0 {
		return r.fail("%s is not closed: close it with %s", left, right)
	}
	args := strings.TrimLeft(strings.TrimPrefix(content[:end], "-"), whiteSpace)
	word := len(args) - len(strings.TrimLeftFunc(args, isWord))
	args = args[word:]
	if word == 0 || args != "" && args != "-" && !strings.ContainsRune(whiteSpace, rune(args[0])) || strings.HasSuffix(args, right[:1]) {
		return r.fail("a tag needs a name, then its arguments: use assign, case, comment, if, raw or unless")
	}
	r.offset += len(left) + end + len(right)
	return nil
}

const whiteSpace = " \t\n\r\f" // what \s is to the scanner

func isWord(c rune) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
