// Prints what sigs.k8s.io/yaml, with which kubectl reads manifests, makes of YAML: one JSON object per
// line, {"yaml": TEXT, "json": JSON} or {"yaml": TEXT, "error": true}. The result is
// programs/tests/yaml.jsonl:
//
//	(cd e2e && go run ./yamltable) >programs/tests/yaml.jsonl
package main

import (
	"encoding/json"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

type row struct {
	YAML  string          `json:"yaml"`
	JSON  json.RawMessage `json:"json,omitempty"`
	Error bool            `json:"error,omitempty"`
}

func main() {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	for _, text := range append(scalars(), documents()...) {
		result := row{YAML: text}
		if converted, err := convert(text); err == nil {
			result.JSON = converted
		} else {
			result.Error = true
		}
		if err := encoder.Encode(result); err != nil {
			panic(err)
		}
	}
}

// convert may panic on odd input, which kubectl reports as an error.
func convert(text string) (converted []byte, err error) {
	return yaml.YAMLToJSON([]byte(text))
}

// scalars returns each scalar as the value and, where it makes sense, as a key.
func scalars() []string {
	words := strings.Fields("true True TRUE tRUE false False FALSE fALSE yes Yes YES yEs no No NO nO on On ON oN off Off OFF " +
		"y Y n N null Null NULL nULL ~ ~~ nil none t f .nan .NaN .NAN .Nan nan NaN .inf .Inf .INF +.inf -.inf -.Inf -.INF +.Inf inf -inf " +
		"0 1 -1 +1 00 01 010 -010 +010 0o10 -0o10 0O10 0o8 08 09 0_ 0_1 1_0 1__0 _1 1_ -_1 1_0.5 1_0e2 0x 0x1F 0X1f -0x1f 0x_1 0xg 0b 0b1 0b101 " +
		"-0b101 +0b1 0B1 0b2 0b_1 0b1_0 0644 0755 0777 0888 0o644 0o7_7 9223372036854775807 9223372036854775808 -9223372036854775808 " +
		"-9223372036854775809 18446744073709551615 18446744073709551616 99999999999999999999999 0x7fffffffffffffff 0xffffffffffffffff 0x10000000000000000 " +
		"1.5 1. .5 -.5 +.5 . .. ... -. +. 1e3 1E3 1e+3 1e-3 1.e3 .5e1 1e 1e+ e3 1e400 -1e400 1e-400 918273645e1029384756 1.0 1.10 -0.0 -0 0.0 0e0 100e-2 " +
		"1.5e300 123456789.123456789 0.1 0.25 0.000001 0.0000001 1e20 1e21 1e22 123456789012345678901234567890.5 1,000 1_000.25 12:30 12:30:45 1:60 190:20:30 " +
		"190:20:30.15 2026-11-26 2026-1-2 2026-13-01 2026-02-30 2026-11-26T10:00:00Z 2026-11-26t10:00:00Z 2026-11-26T10:00:00.123456789Z " +
		"2026-11-26T10:00:00+01:00 2026-11-26T1:2:3Z 02026-11-26 20261-11-26 500m 1Gi 1Mi 0.5Gi 1e3Mi 250m 100% 1.2.3 v1 v1.2 1.24 1.30 1.10 a-b a_b a.b a/b a:b :a " +
		"- -a -- --- --a ? ?a ! !a & * % @ ` | > # #a a#b '' \"\" [] {} [ ] { } , << = + +a 0a 1a 1e3a 0x1z ٣ ½ é 日本 😀 \\ \\n 'a' \"a\" 'it''s' \"a\\nb\" \"\\x41\" \"\\u00e9\" " +
		"\"\\z\" 'true' \"true\" '1' \"1\" 'null' \"\" '~' \"~\" 0. 00.5 01.5 +1.5 +01 -01 --1 ++1 1- 1+ 1.5. 1..5 1e3.5 0x1.8p1 0x1p4 1p4 1i Infinity infinity +Inf NaNs TRUE1 Yes! no. off, " +
		"1_ _ __ 0__0 0x1_f 0o_7 1e1_0 1.5_5 _1.5 1._5 0b11111111111111111111111111111111111111111111111111111111111111111 -0b1111 -0B1 0o777 0o 0b- -0x -0o7 +0x1F +0o7 +0b11 " +
		"1E400 .1e1 .e1 -.1 +.1e-1 -1.5e-7 5e-324 4.9e-324 2e-324 1.7976931348623157e308 1.7976931348623159e308 0.30000000000000004 33333333333333.33 1e15 1e16 1e17 123456789012345678 12345678901234567890")
	var texts []string
	for _, word := range words {
		texts = append(texts, "a: "+word, word+": a")
	}
	tags := strings.Fields("!!str !!int !!float !!bool !!null !!timestamp !!binary !!seq !!map !!set !!merge ! !local !!unknown !<tag:yaml.org,2002:str> !<tag:example.com,2000:x>")
	for _, tag := range tags {
		for _, value := range []string{"1", "\"1\"", "1.5", "true", "yes", "null", "''", "x", "aGk=", "2026-11-26", "[1]", "{a: 1}", "0x10", "1e3", "-"} {
			texts = append(texts, "a: "+tag+" "+value)
		}
	}
	return texts
}

func documents() []string {
	return []string{
		"", "\n", "# only a comment\n", "---\n", "---\n---\n", "--- a\n", "a\n...\n", "a: 1\n...\nb: 2\n", "a: 1\n---\nb: 2\n",
		"%YAML 1.1\n---\na: yes\n", "%YAML 1.2\n---\na: yes\n", "%YAML 2.0\n---\na: 1\n", "%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1\n", "%FOO bar\n---\na: 1\n",
		"a: 1\na: 2\n", "{a: 1, a: 2}\n", "a: {b: 1}\na: {c: 2}\n", "1: a\n01: b\n", "1.0: a\n", "1.5: a\n1.50: b\n", "true: a\n\"yes\": b\n", "null: a\n", "~: a\n", "? a\n: 1\n", "? [a]\n: 1\n", "? {a: 1}\n: 1\n", "[a]: 1\n", "{a: 1}: 2\n",
		"2026-11-26: a\n", "18446744073709551615: a\n", "1e6: a\n", "1e5: a\n", "123456.5: a\n", "0.0001: a\n", "0.00001: a\n", "1e21: a\n", "0.1: a\n", "16777217.0: a\n", ".inf: a\n", ".nan: a\n", "-.inf: a\n",
		"a: &x 1\nb: *x\n", "a: *x\n", "a: &x {b: 1}\nc: *x\n", "a: &x [*x]\n", "a: &x 1\nb: &x 2\nc: *x\n", "&x a: 1\nb: *x\n", "a: &x\nb: *x\n", "a: & 1\n", "*x: 1\n", "&x a: *x\n",
		"base: &b {x: 1, y: 2}\na:\n  <<: *b\n  y: 3\n", "base: &b {x: 1, y: 2}\na:\n  y: 3\n  <<: *b\n", "a:\n  <<: {x: 1}\n", "a:\n  <<: [{x: 1}, {x: 2, y: 2}]\n", "a:\n  <<: 1\n", "a:\n  <<: [1]\n", "a:\n  <<: null\n", "a:\n  \"<<\": {x: 1}\n", "a:\n  !!merge <<: {x: 1}\n", "a:\n  !!str <<: {x: 1}\n",
		"x: &x {a: 1}\ny: &y {b: 2}\nz:\n  <<: [*x, *y]\n", "x: &x {a: 1}\ny: &y\n  <<: *x\n  b: 2\nz:\n  <<: *y\n", "x: &x [1]\nz:\n  <<: *x\n", "a: {<<: {b: 1}, <<: {c: 2}}\n", "<<: {a: 1}\n", "<<: {a: 1}\na: 2\n", "- <<: {a: 1}\n",
		"a: |\n  x\n  y\n", "a: |-\n  x\n\n", "a: |+\n  x\n\n", "a: >\n  x\n  y\n\n  z\n", "a: >-\n  x\n  y\n", "a: |2\n   x\n", "a: |\n x\n  y\n", "a: |\n", "a: |\nb: 1\n", "a: | # c\n  x\n", "a: |x\n  y\n", "a: |0\n  y\n", "a: >\n\n  x\n",
		"a:\n\tb: 1\n", "a:\tb\n", "a: b\t# c\n", "\ta: 1\n", "a: 'x\n\n  y'\n", "a: \"x\\\n  y\"\n", "a: \"x\n  y\"\n", "a: x\n  y\n", "a: x\n  y: z\n", "a: b: c\n", "a: 'b'c\n", "a: \"b\" c\n", "a:b\n", "a : b\n", "a :b\n", "'a' : b\n", "\"a\": b\n", "\"a\":b\n", "{\"a\":1}\n", "{a:1}\n", "{a: 1,}\n", "{a, b}\n", "{a: 1 b: 2}\n", "[a, b,]\n", "[a b]\n", "[,]\n", "[a, , b]\n", "{a: [b, {c: d}]}\n", "[a: 1]\n", "[a: 1, b]\n", "[? a : 1]\n", "{? a : 1}\n", "{a: }\n", "{: a}\n", "[\"a\":1]\n", "{'a':1}\n", "[a,b]\n", "{a: b#c}\n", "{a: b #c\n}\n", "[a\n]\n", "a: [\nb\n]\n", "a: {\n}\n", "a: [1\n", "a: {b\n", "a: ]\n", "a: }\n",
		"- a\n- b\n", "-a\n", "- - a\n  - b\n", "- a: 1\n  b: 2\n", "-\n  a: 1\n", "-\n- a\n", "a:\n- b\n- c\n", "a:\n  - b\n - c\n", "a:\n- b\nc: d\n", "- a\nb: c\n", "a: - b\n", "a: -\n", "a: ?\n", "- ? a\n  : b\n", "- ? a\n", "? a\n? b\n", "?\n: a\n", "? |\n  x\n: y\n", "a: !!seq [1]\n", "a: !!map {b: 1}\n", "a: !!seq {b: 1}\n", "a: !foo {b: 1}\n", "!!map {a: 1}\n", "!!str a: 1\n", "!!int 1: a\n", "a: !!set {b, c}\n", "a: !!omap [b: 1]\n",
		"a: 1 # c\n", "a: 1# c\n", "#c\na: 1\n", "a: 1\n#c\n", "a: 1\n  #c\nb: 2\n", "a:\n  #c\n  b: 1\n", "a: #c\n  b: 1\n", "\ufeffa: 1\n", "a: \ufeff\n", "a: \u0085b\n", "a: \u2028b\n", "a: \u00a0b\n", "a: \u0000\n", "a: \u0007\n", "a: \u007f\n", "a: \"\\0\"\n", "a: \"\\e\\a\\b\\t\\v\\f\\r\\ \\\"\\/\\\\\\N\\_\\L\\P\"\n", "a: \"\\x4\"\n", "a: \"\\ud83d\\ude00\"\n", "a: \"\\U0001f600\"\n", "a: \"\\ud800\"\n", "a: '\n'\n", "a: \"\n\"\n", "a\r\nb\r\n", "a: 1\r\nb: 2\r\n", "a: |\r\n  x\r\n", "a: 1\rb: 2\r", "a: x\\ny\n", "a: 'x\\ny'\n", "a: \"x\\ny\"\n",
		"a: @b\n", "a: `b`\n", "a: %b\n", "a: &b\n", "a: !b\n", "a: |b\n", "a: >b\n", "a: *b\n", "a: \"\n", "a: '\n", "'a\n", "a\nb\n", "a\nb: 1\n", "a: 1\nb\n", "a: 1\n b: 2\n", " a: 1\n b: 2\n", " a: 1\nb: 2\n", "a:\n  b: 1\n c: 2\n", "a:\n    b: 1\n  c: 2\n", "a: 1\n---\n", "---\na: 1\n", "---\n---\na: 1\n", "--- {a: 1}\n", "---a\n", "--- |\n  x\n", "--- !!map\na: 1\n", "--- # c\na: 1\n", "a: ---\n", "a:\n---\nb\n", "'---'\n", "...\na: 1\n", "a: 1\n... # c\n", "a: 1\n... b\n", "a: \"...\"\n", "key with spaces: value with spaces\n", "a: b, c\n", "a: [b c, d e]\n", "a: {b c: d e}\n", "a: http://example.com:80/x\n", "a: [http://example.com]\n", "{a: http://example.com}\n", "a: x:y\n", "a: x :y\n", "a: -1\n", "a: - 1\n", "a: 'x' # c\n", "a: 'x'# c\n", "\"a\\\n b\": 1\n", "a: \"a\\\n   b\"\n", "a: >2\n   x\n  y\n", "a: |-2\n   x\n", "a: |10\n x\n", "a: \"\\u00\"\n",
		"apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata:\n  name: a\nspec:\n  minAvailable: 0x2\n  tasks:\n  - replicas: 1_0\n    name: on\n    template:\n      spec:\n        containers:\n        - image: x\n          command: [sh, -c, \"echo\\thi\"]\n          resources: {limits: {cpu: 0.25, memory: 1e3}}\n",
	}
}
