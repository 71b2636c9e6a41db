package line

import "slices"

// flex builds the shapes of flex containers, which contain each other. Sizes, colours and offsets are strings whose forms LINE keeps in
// its reference only; they pass.
type flex struct {
	action                            rule
	box, span, text, video, component *shape
}

// flexShape is what a flex message contains.
func flexShape(action *shape) *shape {
	f := &flex{action: in(action), box: shaped("flex box"), span: shaped("flex span"), text: shaped("flex text"), video: shaped("flex video")}
	f.component = &shape{name: "flex component", types: map[string]*shape{
		"box": f.box, "span": f.span, "text": f.text, "video": f.video,
		"button":    f.button(),
		"image":     f.image(),
		"icon":      shaped("flex icon", slices.Concat([]field{must("url", anyText)}, texts("size", "aspectRatio"), place(), scaling())...),
		"separator": shaped("flex separator", texts("margin", "color")...),
		"filler":    shaped("flex filler", may("flex", anInt)),
	}}
	f.fillBox()
	f.fillText()
	f.video.hold(must("url", anyText), must("previewUrl", anyText), must("altContent", in(f.component)), may("aspectRatio", anyText), may("action", f.action))
	bubble := f.bubble()
	bubbles := listOf(in(&shape{name: "flex bubble", types: map[string]*shape{"bubble": bubble}}))
	return &shape{name: "flex container", types: map[string]*shape{
		"bubble":   bubble,
		"carousel": shaped("flex carousel", must("contents", bubbles)),
	}}
}

// texts are optional strings.
func texts(names ...string) []field {
	var fields []field
	for _, n := range names {
		fields = append(fields, may(n, anyText))
	}
	return fields
}

// place is where a component stands.
func place() []field {
	return append(texts("margin", "offsetTop", "offsetBottom", "offsetStart", "offsetEnd"), may("position", oneOf("relative", "absolute")))
}

func scaling() []field { return []field{may("scaling", rule{kind: truth})} }

func adjust() []field { return append(scaling(), may("adjustMode", oneOf("shrink-to-fit"))) }

func gravity() []field {
	return []field{may("flex", anInt), may("gravity", oneOf("top", "bottom", "center"))}
}

func align() []field { return []field{may("align", oneOf("start", "end", "center"))} }

// font is how text and spans look.
func font() []field {
	return append(texts("text", "size", "color"),
		may("weight", oneOf("regular", "bold")), may("style", oneOf("normal", "italic")), may("decoration", oneOf("none", "underline", "line-through")))
}

func (f *flex) bubble() *shape {
	look := in(shaped("flex block style", append(texts("backgroundColor", "separatorColor"), may("separator", rule{kind: truth}))...))
	styles := shaped("flex bubble styles", may("header", look), may("hero", look), may("body", look), may("footer", look))
	box := in(&shape{name: "flex box", types: map[string]*shape{"box": f.box}})
	return shaped("flex bubble", may("direction", oneOf("ltr", "rtl")), may("styles", in(styles)),
		may("header", box), may("hero", in(f.component)), may("body", box), may("footer", box),
		may("size", oneOf("nano", "micro", "deca", "hecto", "kilo", "mega", "giga")), may("action", f.action))
}

func (f *flex) fillBox() {
	gradient := shaped("linear gradient", texts("angle", "startColor", "endColor", "centerColor", "centerPosition")...)
	background := &shape{name: "flex box background", types: map[string]*shape{"linearGradient": gradient}}
	f.box.hold(must("layout", oneOf("horizontal", "vertical", "baseline")), must("contents", listOf(in(f.component))), may("flex", anInt), may("action", f.action),
		may("justifyContent", oneOf("center", "flex-start", "flex-end", "space-between", "space-around", "space-evenly")),
		may("alignItems", oneOf("center", "flex-start", "flex-end")), may("background", in(background)))
	f.box.hold(place()...)
	f.box.hold(texts("spacing", "backgroundColor", "borderColor", "borderWidth", "cornerRadius", "width", "maxWidth", "height", "maxHeight",
		"paddingAll", "paddingTop", "paddingBottom", "paddingStart", "paddingEnd")...)
}

func (f *flex) fillText() {
	f.span.hold(font()...)
	spans := listOf(in(&shape{name: "flex span", types: map[string]*shape{"span": f.span}}))
	f.text.hold(slices.Concat(font(), place(), align(), gravity(), adjust())...)
	f.text.hold(may("wrap", rule{kind: truth}), may("lineSpacing", anyText), may("maxLines", anInt), may("action", f.action), may("contents", spans))
}

func (f *flex) button() *shape {
	return shaped("flex button", slices.Concat(
		[]field{must("action", f.action), may("color", anyText), may("style", oneOf("primary", "secondary", "link")), may("height", oneOf("md", "sm"))},
		place(), gravity(), adjust())...)
}

func (f *flex) image() *shape {
	return shaped("flex image", slices.Concat(
		[]field{must("url", anyText), may("action", f.action), may("aspectMode", oneOf("fit", "cover")), may("animated", rule{kind: truth})},
		texts("size", "aspectRatio", "backgroundColor"), place(), align(), gravity())...)
}
