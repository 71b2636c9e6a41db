package line

import "math/bits"

// kind is a JSON type.
type kind uint8

const (
	anything kind = iota
	text
	number
	integer
	truth
	object
	list
)

func (k kind) String() string {
	return [...]string{"anything", "a string", "a number", "an integer", "true or false", "an object", "an array"}[k]
}

// begins tells whether a value of this kind may begin with c.
func (k kind) begins(c byte) bool {
	switch k {
	case text:
		return c == '"'
	case number, integer:
		return c == '-' || c-'0' <= 9
	case truth:
		return c == 't' || c == 'f'
	case object:
		return c == '{'
	case list:
		return c == '['
	}
	return true
}

// rule is what one value must fulfil.
type rule struct {
	kind     kind
	min, max int      // bytes (min) and UTF-16 units (max) of a text, elements of a list; 0: no limit
	oneOf    []string // of a text
	shape    *shape   // of an object
	of       *rule    // of a list's elements
}

// field is a named value of an object.
type field struct {
	name string
	rule rule
	must bool
}

// shape is what an object holds; with types, its field "type" chooses the shape.
type shape struct {
	name     string
	fields   []field
	required uint64 // bit i: fields[i] must be there
	types    map[string]*shape
	rest     *rule // of the values under any other name; nil: they pass
}

func (s *shape) find(name []byte) int {
	for i := range s.fields {
		if s.fields[i].name == string(name) {
			return i
		}
	}
	return -1
}

func lowest(set uint64) int { return bits.TrailingZeros64(set) }

func shaped(name string, fields ...field) *shape {
	s := &shape{name: name}
	s.hold(fields...)
	return s
}

// hold adds fields; apart from shaped so that shapes can contain each other.
func (s *shape) hold(fields ...field) {
	for _, f := range fields {
		if f.must {
			s.required |= 1 << len(s.fields)
		}
		s.fields = append(s.fields, f)
	}
}

func must(name string, r rule) field { return field{name: name, rule: r, must: true} }
func may(name string, r rule) field  { return field{name: name, rule: r} }

// Short words for rules.
var (
	anyText  = rule{kind: text}
	anInt    = rule{kind: integer}
	aNumber  = rule{kind: number}
	someText = rule{kind: text, min: 1}
)

func upTo(n int) rule            { return rule{kind: text, max: n} }
func in(s *shape) rule           { return rule{kind: object, shape: s} }
func listOf(r rule) rule         { return rule{kind: list, of: &r} }
func oneOf(words ...string) rule { return rule{kind: text, oneOf: words} }

// messageList is the array that every request carries.
var messageList = rule{kind: list, min: 1, max: MaxMessages, of: &rule{kind: object, shape: messageShape()}}

// messageShape holds LINE's message objects. Source: the schema Message of LINE's OpenAPI file; the lengths of text: LINE's reference.
func messageShape() *shape {
	action := actionShape()
	quick := shaped("quick reply",
		may("items", rule{kind: list, max: 13, of: &rule{kind: object,
			shape: shaped("quick reply item", may("imageUrl", upTo(2000)), may("action", in(action)), may("type", anyText))}}))
	common := []field{
		may("quickReply", in(quick)),
		may("sender", in(shaped("sender", may("name", upTo(20)), may("iconUrl", upTo(2000))))),
	}
	message := func(name string, fields ...field) *shape { return shaped(name, append(fields, common...)...) }
	body := rule{kind: text, min: 1, max: MaxText}
	urls := []field{must("originalContentUrl", someText), must("previewImageUrl", someText)}
	return &shape{name: "message", types: map[string]*shape{
		"text": message("text message", must("text", body), may("quoteToken", anyText),
			may("emojis", listOf(in(shaped("emoji", may("index", anInt), may("productId", anyText), may("emojiId", anyText)))))),
		"textV2":   message("text message v2", must("text", body), may("quoteToken", anyText), may("substitution", in(substitutionShape()))),
		"sticker":  message("sticker message", must("packageId", someText), must("stickerId", someText), may("quoteToken", anyText)),
		"image":    message("image message", urls...),
		"video":    message("video message", append(urls[:2:2], may("trackingId", anyText))...),
		"audio":    message("audio message", must("originalContentUrl", someText), must("duration", anInt)),
		"location": message("location message", must("title", someText), must("address", someText), must("latitude", aNumber), must("longitude", aNumber)),
		"imagemap": message("imagemap message", imagemapFields()...),
		"template": message("template message", must("altText", someText), must("template", in(templateShape(action)))),
		"flex":     message("flex message", must("altText", someText), must("contents", in(flexShape(action)))),
		"coupon":   message("coupon message", must("couponId", someText), may("deliveryTag", upTo(30))),
	}}
}

func actionShape() *shape {
	action := func(name string, fields ...field) *shape {
		return shaped(name+" action", append(fields, may("label", anyText))...)
	}
	data := may("data", upTo(300))
	return &shape{name: "action", types: map[string]*shape{
		"camera":     action("camera"),
		"cameraRoll": action("camera roll"),
		"location":   action("location"),
		"clipboard":  action("clipboard", must("clipboardText", rule{kind: text, min: 1, max: 1000})),
		"datetimepicker": action("datetime picker", data, may("mode", oneOf("date", "time", "datetime")), may("initial", anyText), may("max", anyText),
			may("min", anyText)),
		"message": action("message", may("text", anyText)),
		"postback": action("postback", data, may("displayText", anyText), may("text", anyText),
			may("inputOption", oneOf("closeRichMenu", "openRichMenu", "openKeyboard", "openVoice")), may("fillInText", anyText)),
		"richmenuswitch": action("rich menu switch", data, may("richMenuAliasId", upTo(32))),
		"uri":            action("uri", may("uri", anyText), may("altUri", in(shaped("alternative uri", may("desktop", upTo(1000)))))),
	}}
}

func imagemapFields() []field {
	area := in(shaped("area", must("x", anInt), must("y", anInt), must("width", anInt), must("height", anInt)))
	action := func(name string, f field) *shape { return shaped(name, must("area", area), f, may("label", anyText)) }
	actions := &shape{name: "imagemap action", types: map[string]*shape{
		"message":   action("imagemap message action", must("text", anyText)),
		"uri":       action("imagemap uri action", must("linkUri", anyText)),
		"clipboard": action("imagemap clipboard action", must("clipboardText", rule{kind: text, min: 1, max: 1000})),
	}}
	link := in(shaped("external link", may("linkUri", anyText), may("label", anyText)))
	return []field{
		must("baseUrl", someText), must("altText", someText),
		must("baseSize", in(shaped("base size", must("width", anInt), must("height", anInt)))),
		must("actions", listOf(in(actions))),
		may("video", in(shaped("imagemap video", may("originalContentUrl", anyText), may("previewImageUrl", anyText), may("area", area), may("externalLink", link)))),
	}
}

func templateShape(action *shape) *shape {
	actions := must("actions", listOf(in(action)))
	looks := []field{may("thumbnailImageUrl", anyText), may("imageBackgroundColor", anyText), may("title", anyText), must("text", anyText),
		may("defaultAction", in(action)), actions}
	frame := []field{may("imageAspectRatio", anyText), may("imageSize", anyText)}
	return &shape{name: "template", types: map[string]*shape{
		"buttons":  shaped("buttons template", append(frame[:2:2], looks...)...),
		"confirm":  shaped("confirm template", must("text", anyText), actions),
		"carousel": shaped("carousel template", append(frame[:2:2], must("columns", listOf(in(shaped("column", looks...)))))...),
		"image_carousel": shaped("image carousel template", must("columns",
			listOf(in(shaped("image column", must("imageUrl", anyText), must("action", in(action))))))),
	}}
}

// substitutionShape maps names in the text of a textV2 to what stands for them.
func substitutionShape() *shape {
	mentionee := in(&shape{name: "mentionee", types: map[string]*shape{
		"user": shaped("user mentionee", must("userId", anyText)),
		"all":  shaped("all mentionee"),
	}})
	value := in(&shape{name: "substitution", types: map[string]*shape{
		"mention": shaped("mention", must("mentionee", mentionee)),
		"emoji":   shaped("emoji", must("productId", anyText), must("emojiId", anyText)),
	}})
	return &shape{name: "substitution", rest: &value}
}
