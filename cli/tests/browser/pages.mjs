// Makes report pages with the program.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = new URL("../../..", import.meta.url).pathname;
const program = resolve(root, process.env.PROGRAM ?? "target/debug/volcano-job-update");
const directory = mkdtempSync(join(tmpdir(), "report-page-"));

const example = (name) => `examples/jobs/${name}.yaml`;
const job = (name) => JSON.parse(readFileSync(join(root, "tests/jobs", `${name}.json`), "utf8"));

function file(name, text) {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Writes a page and returns its address. */
function page(name, ...options) {
  const { stdout, stderr } = spawnSync(program, ["check", "-o", "html", ...options], { cwd: root, maxBuffer: 1 << 26 });
  if (stdout.length === 0) throw new Error(`${name}: ${stderr}`);
  return `file://${file(`${name}.html`, stdout)}`;
}

export const hostileName = `<script>alert(1)</script><img src=x onerror=alert(2)>"'\u202e\u2066${"x".repeat(100_000)}`;

function hostile() {
  const [existing, replacement] = [job("trio"), job("trio")];
  existing.metadata.name = hostileName;
  replacement.metadata.name = hostileName;
  replacement.metadata.labels = { [hostileName]: hostileName };
  replacement.spec.queue = "</style><script>alert(3)</script>";
  replacement.spec[hostileName] = "javascript:alert(4)";
  const files = [existing, replacement].map((job, side) => file(`hostile-${side}.json`, JSON.stringify(job)));
  return page("hostile", "--show-values", ...files);
}

function refused() {
  const [existing, manifest] = [job("trio"), job("trio")];
  const manager = { apiVersion: existing.apiVersion, fieldsType: "FieldsV1", manager: "helm", operation: "Update" };
  existing.metadata.managedFields = [{ ...manager, fieldsV1: { "f:spec": { "f:queue": {} } } }];
  manifest.spec.queue = "other";
  const files = [existing, manifest].map((job, side) => file(`refused-${side}.json`, JSON.stringify(job)));
  return page("refused", "--verb", "server-side-apply", "--field-manager", "flux", ...files);
}

function warned() {
  const replacement = job("trio");
  replacement.spec.tasks[1].template.spec.hostNetwork = true;
  return page("warned", "tests/jobs/trio.json", file("warned.json", JSON.stringify(replacement)));
}

function rich() {
  const replacement = job("rich");
  replacement.spec.queue = "other";
  replacement.spec.minAvailable = 1000;
  replacement.spec.tasks.reverse();
  delete replacement.spec.tasks[0].template;
  return page("rich", "tests/jobs/rich.json", file("rich.json", JSON.stringify(replacement)));
}

function many() {
  const sides = ["live", "merged"].map((side) => join(directory, side));
  sides.forEach((side) => mkdirSync(side));
  const write = (name, ...texts) => {
    sides.forEach((side, index) => writeFileSync(join(side, `batch.volcano.sh.v1alpha1.Job.${name}`), texts[index]));
  };
  const texts = ["existing", "replacement"].map((name) => readFileSync(join(root, example(name)), "utf8"));
  const named = (name) => texts.map((text) => text.replace("name: training", `name: ${name}`));
  const [existing, replacement] = named("trained");
  write("research.same", existing, existing);
  write("research.denied", ...named("denied"));
  write("research.scaled", existing, existing.replace("replicas: 2", "replicas: 3"));
  write("research.new", "", replacement);
  write("research.old", existing, "");
  write("research.broken", existing, "{{ .Values.job }}");
  return page("many", ...sides);
}

export const pages = {
  denied: page("denied", "--show-values", example("existing"), example("replacement")),
  hidden: page("hidden", example("existing"), example("replacement")),
  allowed: page("allowed", "tests/jobs/documented-existing.json", "tests/jobs/documented-replacement.json"),
  refused: refused(),
  warned: warned(),
  rich: rich(),
  many: many(),
  hostile: hostile(),
};
