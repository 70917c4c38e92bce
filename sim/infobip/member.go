package infobip

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// findings are what is wrong with a body, by dotted path: the validationErrors of Infobip's 400.
type findings map[string][]string

func (f findings) add(path, finding string) { f[path] = append(f[path], finding) }

// need says whether a member must be there. A null counts as absent.
type need bool

const (
	required need = true
	optional need = false
)

// object reads the members of one JSON object against the contract and writes down every deviation. Whoever reads one
// calls done at the end, which finds the members that nobody asked for.
type object struct {
	found  findings
	path   string
	value  value
	asked  map[string]bool
	absent bool
}

func newObject(found findings, path string, v value) *object {
	o := &object{found: found, path: path, value: v, asked: map[string]bool{}}
	if v.shape != shapeObject {
		found.add(path, "must be an object")
		o.absent = true
	}
	return o
}

// under is the path of a member.
func (o *object) under(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

func (o *object) wrong(name, finding string) { o.found.add(o.under(name), finding) }

// take asks for a member of a shape; ok is false when there is nothing to look at further.
func (o *object) take(name string, need need, want shape, called string) (v value, ok bool) {
	o.asked[name] = true
	v = o.value.members[name]
	if v.shape == shapeNull {
		if bool(need) && !o.absent {
			o.wrong(name, "must not be null")
		}
		return value{}, false
	}
	if v.shape != want {
		o.wrong(name, "must be "+called)
		return value{}, false
	}
	return v, true
}

// text asks for a string and holds it against the rules. Absent is "".
func (o *object) text(name string, need need, rules ...rule) string {
	v, ok := o.take(name, need, shapeString, "a string")
	if !ok {
		return ""
	}
	for _, broken := range rules {
		if finding := broken(v.text); finding != "" {
			o.wrong(name, finding)
		}
	}
	return v.text
}

// flag asks for a boolean with a default.
func (o *object) flag(name string, fallback bool) bool {
	v, ok := o.take(name, optional, shapeBool, "a boolean")
	if !ok {
		return fallback
	}
	return v.flag
}

// number asks for a number in a range.
func (o *object) number(name string, need need, low, high float64) {
	v, ok := o.take(name, need, shapeNumber, "a number")
	if !ok {
		return
	}
	n, err := strconv.ParseFloat(v.number.String(), 64)
	if err != nil || n < low {
		o.wrong(name, fmt.Sprintf("must be greater than or equal to %v", low))
	} else if n > high {
		o.wrong(name, fmt.Sprintf("must be less than or equal to %v", high))
	}
}

// object asks for an object; nil when it is not there.
func (o *object) object(name string, need need) *object {
	v, ok := o.take(name, need, shapeObject, "an object")
	if !ok {
		return nil
	}
	return newObject(o.found, o.under(name), v)
}

// objects asks for an array of objects with a number of items in a range.
func (o *object) objects(name string, need need, low, high int) []*object {
	items := o.items(name, need, low, high)
	objects := make([]*object, 0, len(items))
	for i, item := range items {
		objects = append(objects, newObject(o.found, o.item(name, i), item))
	}
	return objects
}

func (o *object) items(name string, need need, low, high int) []value {
	v, ok := o.take(name, need, shapeArray, "an array")
	if !ok {
		return nil
	}
	if len(v.items) < low || len(v.items) > high {
		o.wrong(name, fmt.Sprintf("size must be between %d and %d", low, high))
		return nil
	}
	return v.items
}

func (o *object) item(name string, i int) string { return fmt.Sprintf("%s[%d]", o.under(name), i) }

// anything asks for a member whose inside the contract leaves open.
func (o *object) anything(names ...string) {
	for _, name := range names {
		o.asked[name] = true
	}
}

// done finds members that the contract does not know.
func (o *object) done() {
	for _, name := range slices.Sorted(maps.Keys(o.value.members)) {
		if !o.asked[name] {
			o.wrong(name, "unknown member")
		}
	}
}
