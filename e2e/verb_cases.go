package main

import "strings"

// verbCases are the requests that are compared.
func verbCases() []verbCase {
	var all []verbCase
	for _, some := range [][]verbCase{creations(), creationsOfOthers(), deletionCases(), optionCases(), statusCases(), otherPaths()} {
		all = append(all, some...)
	}
	return all
}

const someTasks = `[{"name":"worker","replicas":1,"template":{"spec":{"containers":[{"name":"main","image":"example.com/main:1"}]}}}]`

// posted is the body of a POST with this metadata and these further fields.
func posted(metadata, more string) string {
	return `{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":` + metadata +
		`,"spec":{"tasks":` + someTasks + `}` + more + `}`
}

// specified is the body of a POST with this spec.
func specified(spec string) string {
	return `{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"name":"{name}"},"spec":` + spec + `}`
}

func post(state, query string, bodies ...string) []verbCase {
	var all []verbCase
	for _, body := range bodies {
		all = append(all, verbCase{state: state, method: "POST", query: query, body: body})
	}
	return all
}

func join(parts ...[]verbCase) []verbCase {
	var all []verbCase
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// creations are requests that create a Job, or fail to.
func creations() []verbCase {
	plain := posted(`{"name":"{name}"}`, "")
	metadata := func(metadata ...string) []verbCase {
		var all []verbCase
		for _, one := range metadata {
			all = append(all, post("", "", posted(one, ""))...)
		}
		return all
	}
	unknown := posted(`{"name":"{name}","colour":1}`, `,"size":2,"status":{"phase":1}`)
	return join(
		post("", "", plain),
		post("", "pretty=true", plain),
		post("", "dryRun=All", plain, posted(`{"name":"{name}","resourceVersion":"7"}`, ""),
			posted(`{"generateName":"{name}-"}`, ""), posted(`{"name":"{name}","selfLink":"/a"}`, "")),
		post("plain", "dryRun=All", plain, posted(`{"name":"{name}","resourceVersion":"7"}`, "")),
		post("plain", "", plain, posted(`{"name":"{name}","resourceVersion":"7"}`, ""),
			posted(`{"name":"{name}","uid":"{uid}"}`, ""), posted(`{"name":"{name}","labels":{"a":"-"}}`, "")),
		post("deleted", "", plain),
		post("deleted", "dryRun=All", plain),
		metadata(
			`{"name":"{name}","namespace":"cci-gpu"}`, `{"name":"{name}","namespace":"other"}`,
			`{"name":"{name}","namespace":""}`, `{"generateName":"{name}-"}`, `{"generateName":"{name}."}`,
			`{"generateName":"`+strings.Repeat("a", 57)+`-bcd"}`, `{"generateName":"`+strings.Repeat("é", 40)+`"}`,
			`{"generateName":"{name}-","name":"{name}"}`, `{"generateName":"{name}/"}`, `{"generateName":"{Name}_"}`,
			`{"generateName":"-"}`, `{"generateName":"Up","name":"{name}"}`,
			`{"generateName":""}`, `{}`, `null`, `{"name":""}`, `{"name":null}`, `{"name":"{name}.Up"}`, `{"name":"{name}/x"}`,
			`{"name":"."}`, `{"name":".."}`, `{"name":"a%b"}`, `{"name":"`+strings.Repeat("a", 254)+`"}`, `{"name":5}`,
			`{"name":"{name}","resourceVersion":"7"}`, `{"name":"{name}","resourceVersion":"0"}`,
			`{"name":"{name}","resourceVersion":"seven"}`, `{"name":"{name}","resourceVersion":""}`,
			`{"name":"{name}","resourceVersion":"-1"}`, `{"name":"{name}","resourceVersion":"00"}`,
			`{"name":"{name}","resourceVersion":"7","labels":{"a":"-"}}`,
			`{"name":"{name}","uid":"0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c","creationTimestamp":"2019-07-11T08:09:41Z","generation":7}`,
			`{"name":"{name}","deletionTimestamp":"2019-07-11T08:09:41Z","deletionGracePeriodSeconds":3,"selfLink":"/a"}`,
			`{"name":"{name}","creationTimestamp":"yesterday"}`,
			`{"name":"{name}","managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{}}]}`,
			`{"name":"{name}","finalizers":["example.com/a"]}`, `{"name":"{name}","finalizers":["plain","a.b","kubernetes","orphan"]}`,
			`{"name":"{name}","finalizers":["orphan","foregroundDeletion"]}`, `{"name":"{name}","finalizers":["a b",""]}`,
			`{"name":"{name}","labels":{"a":"b"},"annotations":{"c":"d"}}`, `{"name":"{name}","labels":{"a b":"-"},"annotations":{"/":""}}`,
			`{"name":"{name}","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"u"},{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"u"}]}`,
			`{"name":"{name}","ownerReferences":[{"apiVersion":"v1","kind":"","name":"","uid":""}]}`,
			`{"name":"{name}","ownerReferences":[{"apiVersion":"v1","kind":"A","name":"a","uid":"u","controller":true},{"apiVersion":"v1","kind":"B","name":"b","uid":"v","controller":true}]}`,
			`{"name":"{name}_","namespace":"cci-gpu","labels":{"a":"-"},"finalizers":["x y"]}`),
		post("", "", unknown, posted(`{"name":"{name}"}`, `,"status":{"state":{"phase":"Running"},"running":1}`),
			posted(`{"name":"{name}"}`, `,"status":"running"`),
			specified(`{"maxRetry":3,"maxRetry":4,"tasks":`+someTasks+`}`),
			specified(`{"colour":1,"tasks":[{"size":1}]}`)),
		post("", "fieldValidation=Strict", plain, unknown),
		post("", "fieldValidation=Ignore", unknown),
		post("", "fieldValidation=Other", plain),
		post("", "fieldManager="+strings.Repeat("m", 129), plain),
		post("", "fieldManager=%01&dryRun=Some&fieldValidation=strict", plain),
		post("", "dryRun=", plain),
		post("", "dryRun=All&dryRun=Some", plain),
		post("", "force=true", plain),
		post("", "", specified(`{"tasks":[]}`), specified(`{}`), specified(`null`), specified(`"a"`), specified(`{"tasks":"a"}`),
			specified(`{"tasks":[1,null]}`), specified(`{"minAvailable":-1,"queue":5,"tasks":[{"replicas":-1},{"replicas":1.5}]}`),
			specified(`{"maxRetry":null,"queue":null}`), specified(`{"tasks":[{"replicas":3000000000}]}`),
			specified(`{"tasks":[{"template":{"spec":{"containers":[{"name":"a","image":"b","env":[{"name":"x"},{"name":"x"}]}]}}}]}`),
			specified(`{"policies":[{"event":"Other","action":"Another"}],"tasks":`+someTasks+`}`),
			specified(`{"minAvailable":"1","tasks":`+someTasks+`}`),
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"name":"{name}_"},"spec":{"minAvailable":-1}}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"name":"{name}"}}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","spec":{}}`),
	)
}

// creationsOfOthers are requests to create what is no Job.
func creationsOfOthers() []verbCase {
	named := func(typeMeta string) string {
		return `{` + typeMeta + `"metadata":{"name":"{name}"},"spec":{"maxRetry":"a","colour":1}}`
	}
	body := posted(`{"name":"{name}"}`, "")
	typed := func(contentType, body string) []verbCase {
		return []verbCase{{method: "POST", contentType: contentType, body: body}}
	}
	return join(
		post("", "", named(""), named(`"kind":"Job",`), named(`"apiVersion":"batch.volcano.sh/v1alpha1",`),
			named(`"apiVersion":"batch.volcano.sh/v1","kind":"Job",`), named(`"apiVersion":"batch/v1","kind":"Job",`),
			named(`"apiVersion":"batch.volcano.sh/v1alpha1","kind":"CronJob",`),
			named(`"apiVersion":"batch.volcano.sh/v1alpha1","kind":"job",`), named(`"apiVersion":"a/b/c","kind":"Job",`),
			named(`"apiVersion":"batch.volcano.sh/v1alpha1","kind":5,`), named(`"apiVersion":null,"kind":"Job",`),
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"CronJob","metadata":{"name":"{name}_","labels":{"a":"-"}}}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"CronJob","metadata":{}}`,
			"", "{", "[]", "5", "null", `"a"`, `{"metadata":[]}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":[]}`),
		post("", "fieldValidation=Ignore", named(""), named(`"apiVersion":"batch.volcano.sh/v1alpha1","kind":"CronJob",`), "{"),
		typed("text/plain", body), typed("application/json; charset=utf-8", body), typed("application/json-patch+json", body),
		typed("text/plain", ""),
	)
}

func remove(state, query string, bodies ...string) []verbCase {
	var all []verbCase
	if len(bodies) == 0 {
		bodies = []string{""}
	}
	for _, body := range bodies {
		all = append(all, verbCase{state: state, method: "DELETE", query: query, body: body})
	}
	return all
}

// deletionCases are deletions of Jobs in every state.
func deletionCases() []verbCase {
	var all []verbCase
	for _, state := range []string{"", "plain", "running", "guarded", "orphaned", "guarded-orphaned", "foreground",
		"deleted", "deleted-orphaned", "deleted-foreground"} {
		for _, query := range []string{"", "propagationPolicy=Background", "propagationPolicy=Foreground",
			"propagationPolicy=Orphan", "orphanDependents=true", "orphanDependents=false", "dryRun=All",
			"propagationPolicy=Foreground&dryRun=All"} {
			all = append(all, remove(state, query)...)
		}
	}
	return join(all,
		remove("guarded-with-status", "gracePeriodSeconds=0&pretty=true"),
		remove("plain", "pretty=true"),
		remove("guarded", "gracePeriodSeconds=30"), remove("guarded", "gracePeriodSeconds=-5"),
		remove("plain", "gracePeriodSeconds=30"))
}

// optionCases are deletions with options of every kind.
func optionCases() []verbCase {
	options := func(state string, fields ...string) []verbCase {
		var all []verbCase
		for _, field := range fields {
			all = append(all, remove(state, "", `{"kind":"DeleteOptions","apiVersion":"v1",`+field+`}`)...)
		}
		return all
	}
	conditions := []string{
		`"preconditions":{"uid":"{uid}"}`, `"preconditions":{"uid":"0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c"}`,
		`"preconditions":{"resourceVersion":"{version}"}`, `"preconditions":{"resourceVersion":"1"}`,
		`"preconditions":{"resourceVersion":"0{version}"}`, `"preconditions":{"resourceVersion":"seven"}`,
		`"preconditions":{"uid":"{uid}","resourceVersion":"{version}"}`, `"preconditions":{"uid":"u","resourceVersion":"1"}`,
		`"preconditions":{"uid":"","resourceVersion":""}`, `"preconditions":{"uid":null}`, `"preconditions":null`, `"preconditions":{}`,
		`"preconditions":{"uid":"u"},"dryRun":["All"]`, `"preconditions":{"resourceVersion":"1"},"dryRun":["All"]`,
		`"preconditions":{"uid":"{uid}","resourceVersion":"{version}"},"dryRun":["All"]`}
	queries := func(state string, queries ...string) []verbCase {
		var all []verbCase
		for _, query := range queries {
			all = append(all, remove(state, query)...)
		}
		return all
	}
	typed := func(contentType, body string) []verbCase {
		return []verbCase{{state: "plain", method: "DELETE", contentType: contentType, body: body}}
	}
	return join(
		options("plain", conditions...), options("guarded", conditions...), options("deleted", conditions[:8]...),
		options("", conditions[0]),
		options("plain", `"propagationPolicy":"Background"`, `"propagationPolicy":"Foreground"`, `"propagationPolicy":"Orphan"`,
			`"propagationPolicy":"foreground"`, `"propagationPolicy":""`, `"propagationPolicy":null`, `"propagationPolicy":5`,
			`"orphanDependents":true`, `"orphanDependents":false`, `"orphanDependents":"true"`, `"orphanDependents":null`,
			`"orphanDependents":true,"propagationPolicy":"Orphan"`, `"orphanDependents":false,"propagationPolicy":"Other"`,
			`"gracePeriodSeconds":0`, `"gracePeriodSeconds":30`, `"gracePeriodSeconds":-1`, `"gracePeriodSeconds":"30"`,
			`"gracePeriodSeconds":1.5`, `"gracePeriodSeconds":2.0`, `"gracePeriodSeconds":1e3`, `"gracePeriodSeconds":99999999999999999999`,
			`"dryRun":["All"]`, `"dryRun":[]`, `"dryRun":["Some"]`, `"dryRun":["All","Some"]`, `"dryRun":"All"`, `"dryRun":[null]`, `"dryRun":[5]`,
			`"colour":1`, `"propagationPolicy":"Other","dryRun":["Some"]`, `"PropagationPolicy":"Foreground"`,
			`"preconditions":5`, `"preconditions":{"uid":5}`, `"preconditions":{"resourceVersion":{}}`, `"preconditions":{"colour":1}`,
			`"propagationPolicy":"Orphan","propagationPolicy":"Background"`, `"metadata":{}`,
			`"ignoreStoreReadErrorWithClusterBreakingPotential":true`,
			`"ignoreStoreReadErrorWithClusterBreakingPotential":true,"propagationPolicy":"Background"`,
			`"ignoreStoreReadErrorWithClusterBreakingPotential":5`),
		options("guarded", `"orphanDependents":false`, `"propagationPolicy":"Background"`, `"dryRun":["All"]`),
		options("", `"dryRun":["Some"]`, `"propagationPolicy":"Foreground"`),
		remove("plain", "", `{}`, `{"kind":"DeleteOptions"}`, `{"apiVersion":"v1"}`, `{"apiVersion":"meta.k8s.io/v1","kind":"DeleteOptions"}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"DeleteOptions","propagationPolicy":"Orphan"}`,
			`{"apiVersion":"apps/v1","kind":"DeleteOptions"}`, `{"apiVersion":"other/v9","kind":"DeleteOptions"}`, `{"apiVersion":"batch.volcano.sh/v1alpha1"}`,
			`{"apiVersion":"meta.k8s.io/v1","kind":"deleteOptions"}`, `{"apiVersion":"meta.k8s.io/v2","kind":"DeleteOptions"}`,
			`{"apiVersion":"v1","kind":"Job"}`, `{"apiVersion":"meta.k8s.io/v1","kind":"Status"}`, `{"apiVersion":"meta.k8s.io/v1","kind":"ListOptions"}`,
			`{"apiVersion":"a/b/c","kind":"DeleteOptions"}`, `{"apiVersion":5,"kind":"DeleteOptions"}`, `{"kind":5}`, `{"apiVersion":"v2","kind":"DeleteOptions"}`,
			`{"kind":"Other"}`, `{"apiVersion":"meta.k8s.io/__internal","kind":"DeleteOptions"}`, `{"apiVersion":"meta.k8s.io/v1beta1","kind":"DeleteOptions"}`,
			`{`, `[]`, `null`, `5`, ` `, `{} {}`, `"a"`, `{"propagationPolicy":"Orphan"}`, `{"gracePeriodSeconds":"a"}`,
			`{"apiVersion":"meta.k8s.io/v1","kind":"CreateOptions"}`, `{"apiVersion":"v1","kind":"Status"}`, `{"apiVersion":"v1","kind":"Pod"}`,
			`{"apiVersion":"other/v9","kind":"DeleteOptions","propagationPolicy":"Orphan"}`, `{"apiVersion":"other/v9","kind":"CreateOptions"}`,
			`{"apiVersion":"other/v9","kind":"Status"}`, `{"apiVersion":"v1","kind":"APIGroup"}`, `{"apiVersion":"v1","kind":"APIVersions"}`,
			`{"apiVersion":"meta.k8s.io/v1","kind":"WatchEvent"}`, `{"apiVersion":"meta.k8s.io/v1","kind":"Table"}`, `{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata"}`,
			`{"apiVersion":"v1","kind":"CreateOptions"}`, `{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"CreateOptions"}`, `{"kind":"CreateOptions"}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job"}`, `{"apiVersion":"meta.k8s.io/v1beta1","kind":"Table"}`, `{"apiVersion":"other/v9","kind":"WatchEvent"}`,
			`{"Kind":"Other"}`, `{"KIND":"DeleteOptions","kind":"Other"}`, `{"kind":"Other","Kind":"DeleteOptions"}`, `{"kind":"Other","kind":null}`,
			`{"apiVersion":"a/"}`, `{"apiVersion":"/"}`, `{"apiVersion":"/v1"}`, `{"apiVersion":"meta.k8s.io/"}`, `{"apiVersion":"a/","kind":"Other"}`,
			`{"apiVersion":"meta.k8s.io/","kind":"Other"}`, `{"apiVersion":"/v2","kind":"Other"}`),
		remove("plain", "propagationPolicy=Orphan&dryRun=All", `{"kind":"DeleteOptions","apiVersion":"v1"}`),
		remove("plain", "propagationPolicy=Other", `{"kind":"DeleteOptions","apiVersion":"v1"}`),
		queries("plain", "propagationPolicy=Other", "propagationPolicy=", "orphanDependents=", "orphanDependents=maybe", "orphanDependents=0",
			"orphanDependents=TRUE", "gracePeriodSeconds=", "gracePeriodSeconds=a", "gracePeriodSeconds=1.5", "gracePeriodSeconds=-1",
			"gracePeriodSeconds=99999999999999999999", "dryRun=", "dryRun=Some", "dryRun=All&dryRun=Some", "propagationPolicy=Orphan&orphanDependents=true",
			"propagationPolicy=Orphan&propagationPolicy=Background", "orphanDependents=false&orphanDependents=true",
			"preconditions.uid=u", "uid=u", "resourceVersion=1", "propagationPolicy=Other&dryRun=Some&orphanDependents=false",
			"gracePeriodSeconds=%2B5", "gracePeriodSeconds=0x10", "ignoreStoreReadErrorWithClusterBreakingPotential=true",
			"ignoreStoreReadErrorWithClusterBreakingPotential=maybe", "fieldManager=m&fieldValidation=Other",
			"gracePeriodSeconds=a&orphanDependents=maybe&propagationPolicy=Other", "gracePeriodSeconds=a&gracePeriodSeconds=5"),
		queries("", "dryRun=Some", "gracePeriodSeconds=a", "propagationPolicy=Other"),
		typed("text/plain", ""), typed("text/plain", `{}`), typed("application/json; charset=utf-8", `{}`),
		typed("application/merge-patch+json", `{}`), typed("text/plain", "{"),
	)
}

func status(state, method, query string, bodies ...string) []verbCase {
	var all []verbCase
	contentType := "application/json"
	switch method {
	case "MERGE":
		method, contentType = "PATCH", "application/merge-patch+json"
	case "JSON":
		method, contentType = "PATCH", "application/json-patch+json"
	}
	for _, body := range bodies {
		all = append(all, verbCase{state: state, method: method, subresource: "/status", query: query, contentType: contentType, body: body})
	}
	return all
}

// statusOf is the body of a PUT of a status, with these further fields.
func statusOf(metadata, more string) string {
	if metadata != "" {
		metadata = "," + metadata
	}
	return `{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"name":"{name}","resourceVersion":"{version}"` + metadata + `}` + more + `}`
}

// statusCases are requests for the status.
func statusCases() []verbCase {
	values := []string{`{"running":2,"state":{"phase":"Completed","lastTransitionTime":"2026-01-02T03:04:05Z"}}`, `{}`, `null`, `"a"`, `5`, `[]`,
		`{"running":-1}`, `{"running":"1"}`, `{"running":1.5}`, `{"running":3000000000}`, `{"running":null}`, `{"running":2.0}`,
		`{"state":{"phase":"Other"}}`, `{"state":"a"}`, `{"conditions":[{"lastTransitionTime":"2026-01-02T03:04:05Z"}]}`,
		`{"conditions":[{"status":"Running","lastTransitionTime":"yesterday"}]}`, `{"conditions":"a"}`, `{"conditions":[1,null]}`,
		`{"colour":1,"state":{"size":2}}`, `{"controlledResources":{"a":"b","c":5}}`, `{"taskStatusCount":{"w":{"phase":{"Running":"1"}}}}`,
		`{"running":-1,"failed":-2,"state":{"phase":"Other"}}`, `{"running":1,"running":2}`, `{"running":true}`, `{"state":{"phase":null}}`,
		`{"running":1,"state":{"phase":"Running"}}`, `{"runningDuration":5}`, `{"conditions":[{"status":"Running","lastTransitionTime":"2026-01-02T03:04:05Z"}]}`}
	var puts, merges []verbCase
	for _, value := range values {
		puts = append(puts, status("running", "PUT", "", statusOf("", `,"status":`+value))...)
		merges = append(merges, status("running", "MERGE", "", `{"status":`+value+`}`)...)
	}
	some := `,"status":{"running":3}`
	named := func(metadata string) string {
		return `{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":` + metadata + some + `}`
	}
	ratcheted := []string{`{"running":-1,"state":{"phase":"Odd"},"conditions":[{}]}`, `{"running":-1,"state":{"phase":"Odd"},"failed":1,"conditions":[{}]}`,
		`{"running":-2,"state":{"phase":"Odd"},"conditions":[{},{}]}`, `{"running":-1,"state":{"phase":"Odder","message":"m"},"conditions":[{"status":"a"}]}`, `{"running":1}`}
	var invalid []verbCase
	for _, value := range ratcheted {
		invalid = append(invalid, status("invalid-status", "PUT", "", statusOf("", `,"status":`+value))...)
	}
	return join(puts, merges, invalid,
		status("invalid-status", "MERGE", "", `{"status":{"failed":1}}`, `{"status":{"running":-3}}`),
		status("running", "PUT", "", statusOf("", ""), statusOf("", `,"spec":{"queue":"other"}`+some), statusOf("", `,"spec":"a"`+some),
			statusOf("", `,"spec":{"tasks":"a","minAvailable":-1,"colour":1},"size":1`+some), statusOf("", `,"spec":{"tasks":[1]}`+some),
			statusOf(`"labels":{"a":"b"},"annotations":{"c":"d"},"finalizers":["x y"],"generation":9`, some),
			statusOf(`"labels":{"a":"-"}`, some), statusOf(`"uid":"{uid}"`, some), statusOf(`"uid":"0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c"`, some),
			statusOf(`"deletionTimestamp":"2019-07-11T08:09:41Z","selfLink":"/a"`, some), statusOf(`"namespace":"other"`, some),
			statusOf(`"colour":1`, some), statusOf(`"labels":5`, some), statusOf(`"managedFields":[{}]`, some),
			statusOf(`"ownerReferences":[{"apiVersion":"v1","kind":"A","name":"a","uid":"u"},{"apiVersion":"v1","kind":"A","name":"a","uid":"u"}]`, some),
			named(`{"name":"{name}"}`), named(`{"name":"{name}","resourceVersion":"1"}`), named(`{"name":"{name}","resourceVersion":"a"}`),
			named(`{"name":"other","resourceVersion":"{version}"}`), named(`{}`), named(`{"name":"{name}","resourceVersion":"1","uid":"u"}`),
			`{existing}`, "", "{", "[]", `{"status":{}}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"CronJob","metadata":{"name":"{name}","resourceVersion":"{version}"},"status":{"running":3,"colour":1,"failed":null}}`,
			`{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"CronJob","metadata":{"name":"{name}","resourceVersion":"{version}"},"status":{"running":-3}}`,
			`{"apiVersion":"batch.volcano.sh/v1","kind":"Job","metadata":{"name":"{name}","resourceVersion":"{version}"},"status":{"running":3}}`,
			`{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"{name}","resourceVersion":"{version}"},"status":{"running":3}}`),
		status("running", "PUT", "fieldValidation=Strict", statusOf("", `,"status":{"colour":1}`), statusOf("", `,"spec":{"colour":1}`+some), statusOf("", some)),
		status("running", "PUT", "fieldValidation=Ignore", statusOf("", `,"status":{"colour":1}`)),
		status("running", "PUT", "dryRun=All", statusOf("", some), statusOf(`"selfLink":"/a"`, some), statusOf(`"uid":"u"`, some)),
		status("running", "PUT", "dryRun=Some&fieldValidation=Other", statusOf("", some)),
		status("running", "PUT", "pretty=true", statusOf("", some)),
		status("plain", "PUT", "", statusOf("", some), statusOf("", ""), statusOf("", `,"status":{}`)),
		status("labeled", "PUT", "", statusOf("", some)),
		status("deleted", "PUT", "", statusOf("", some), statusOf(`"finalizers":[]`, some)),
		status("", "PUT", "", `{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"name":"{name}"},"status":{}}`),
		status("running", "MERGE", "", `{"spec":{"queue":"other"},"metadata":{"labels":{"a":"b"}}}`, `{"metadata":{"resourceVersion":"1"}}`,
			`{"metadata":{"name":"x"}}`, `{"metadata":{"uid":"u"},"status":{"failed":1}}`, `{"status":{"failed":1},"spec":null}`,
			`{"status":{"failed":1},"spec":{"tasks":null,"minAvailable":"a"}}`, `{"kind":"Other","status":{"failed":1}}`, `{"apiVersion":"v1"}`,
			`{"kind":null}`, `{"status":{"failed":1},"metadata":null}`, `[]`, `{`, `{"status":{"a":1},"status":{"failed":2}}`, `{}`),
		status("running", "MERGE", "dryRun=All", `{"status":{"failed":1}}`),
		status("running", "MERGE", "fieldValidation=Strict", `{"status":{"colour":1}}`),
		status("running", "MERGE", "force=true", `{"status":{"failed":1}}`),
		status("plain", "MERGE", "", `{"status":{"failed":1}}`),
		status("deleted", "MERGE", "", `{"status":{"failed":1}}`, `{"metadata":{"finalizers":null},"status":{"failed":1}}`),
		status("", "MERGE", "", `{"status":{"failed":1}}`),
		status("running", "JSON", "", `[{"op":"replace","path":"/status/running","value":5}]`, `[{"op":"remove","path":"/status"}]`,
			`[{"op":"replace","path":"/spec/queue","value":"other"}]`, `[{"op":"add","path":"/status/colour","value":1}]`,
			`[{"op":"test","path":"/status/running","value":9}]`, `[{"op":"replace","path":"/status/running","value":-5}]`, `[]`, `{}`),
		[]verbCase{{state: "running", method: "PUT", subresource: "/status", contentType: "text/plain", body: statusOf("", some)},
			{state: "running", method: "PATCH", subresource: "/status", contentType: "application/json", body: `{}`}},
	)
}

// otherPaths are requests for what a Job has not.
func otherPaths() []verbCase {
	return []verbCase{
		{method: "POST", subresource: "/{name}", body: posted(`{"name":"{name}"}`, "")},
		{state: "running", method: "POST", subresource: "/{name}/status", body: posted(`{"name":"{name}"}`, "")},
		{state: "running", method: "DELETE", subresource: "/status"},
		{state: "running", method: "DELETE", subresource: "/scale"},
		{state: "running", method: "PUT", subresource: "/scale", body: `{}`},
		{state: "running", method: "PATCH", subresource: "/scale", contentType: "application/merge-patch+json", body: `{}`},
		{state: "running", method: "PUT", subresource: "/status/more", body: `{}`},
		{state: "running", method: "DELETE", subresource: "/status/more"},
	}
}
