// Opens report pages in a browser, see scripts/browser.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, test } from "node:test";
import { chromium } from "playwright-core";

import { lowContrast, structureErrors, targetState } from "./checks.mjs";
import { hostileName, pages } from "./pages.mjs";

const docs = new URL("../../../docs/", import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  chromiumSandbox: !isRoot,
});
after(() => browser.close());

/** Opens a page, and fails if it says, asks or loads anything. */
async function open(address, options = {}) {
  const { media = "screen", ...rest } = options;
  const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1200, height: 800 }, ...rest });
  const page = await context.newPage();
  const events = [];
  page.on("console", (message) => events.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => events.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => (events.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => request.url().split("#")[0] === address || events.push(`request: ${request.url()}`));
  await page.emulateMedia({ media });
  await page.goto(address);
  const close = async () => {
    assert.deepEqual(events, []);
    await context.close();
  };
  return { page, close };
}

const looks = [
  { colorScheme: "light" },
  { colorScheme: "dark" },
  { colorScheme: "dark", media: "print" },
  { colorScheme: "light", viewport: { width: 360, height: 700 } },
  { colorScheme: "dark", javaScriptEnabled: false },
];

for (const [name, address] of Object.entries(pages)) {
  for (const look of looks) {
    test(`${name} ${JSON.stringify(look)}: contrast and structure`, async () => {
      const { page, close } = await open(address, look);
      assert.deepEqual(await page.evaluate(lowContrast), []);
      assert.deepEqual(await page.evaluate(structureErrors), []);
      await close();
    });
  }

  test(`${name}: every link goes to its target`, async () => {
    const { page, close } = await open(address, { javaScriptEnabled: false });
    const links = page.locator("a[href]");
    for (let index = 0; index < (await links.count()); index += 1) {
      const link = links.nth(index);
      const href = await link.getAttribute("href");
      assert.match(href, /^#./);
      await link.focus();
      await page.keyboard.press("Enter");
      const state = await page.evaluate(targetState, href.slice(1));
      assert.deepEqual(state, { exists: true, isVisible: true, isFocused: true }, href);
    }
    await close();
  });
}

test("the keyboard shows where it is", async () => {
  const { page, close } = await open(pages.denied);
  await page.keyboard.press("Tab");
  const skip = page.locator("a.skip");
  assert.ok(await skip.evaluate((link) => link === document.activeElement && link.getBoundingClientRect().top >= 0));
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid");
  await close();
});

test("a violation and its line lead to each other", async () => {
  const { page, close } = await open(pages.denied);
  await page.getByRole("link", { name: "Show in the Jobs: spec.queue" }).click();
  const row = page.locator("tr:target");
  assert.match(await row.textContent(), /queue: research.*queue: production/s);
  await row.getByRole("link", { name: "immutable-field" }).click();
  assert.match(await page.locator("li:target").textContent(), /immutable-field.*spec\.queue/s);
  await close();
});

test("the filter works without JavaScript", async () => {
  const { page, close } = await open(pages.many, { javaScriptEnabled: false });
  const shown = async () => [await page.locator(".jobs tbody tr:visible").count(), await page.locator(".job:visible").count()];
  assert.deepEqual(await shown(), [6, 3]);
  for (const [choice, ...numbers] of [["1 denied", 1, 1], ["2 allowed", 2, 1], ["1 created", 1, 0], ["all 6", 6, 3]]) {
    await page.getByText(choice, { exact: true }).click();
    assert.deepEqual(await shown(), numbers, choice);
  }
  await page.getByRole("radio", { name: "all 6" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.notDeepEqual(await shown(), [6, 3], "the arrow keys choose");
  await close();
});

test("a hostile name stays text", async () => {
  const { page, close } = await open(pages.hostile);
  const heading = await page.locator("h1").textContent();
  assert.ok(heading.includes(hostileName.slice(0, 50)), heading);
  assert.ok(heading.includes("\\u202e") && heading.length < 400, heading);
  assert.equal(await page.locator("script, img, iframe").count(), 0);
  assert.ok(statSync(new URL(pages.hostile)).size < 100_000);
  await close();
});

test("the policy of the page stops what gets in all the same", async () => {
  const { page } = await open(pages.denied);
  const violations = await page.evaluate(async () => {
    const directives = [];
    document.addEventListener("securitypolicyviolation", (event) => directives.push(event.effectiveDirective));
    const parts = '<img src="x.png"><style>p { color: red }</style><p style="color: red"></p><p onclick="alert(1)"></p>';
    document.body.insertAdjacentHTML("beforeend", parts);
    document.body.append(Object.assign(document.createElement("script"), { text: "alert(1)" }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    return [...new Set(directives)].sort();
  });
  assert.deepEqual(violations, ["img-src", "script-src-attr", "script-src-elem", "style-src-attr", "style-src-elem"]);
  await page.context().close();
});

test("a printed page has paper's colours", async () => {
  const { page, close } = await open(pages.denied, { colorScheme: "dark", media: "print" });
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
  assert.equal(await page.locator("a.skip").isVisible(), false);
  assert.ok((await page.pdf()).length > 10_000);
  await close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`the ${colorScheme} screenshot is small`, async () => {
    const { page, close } = await open(pages.denied, { colorScheme });
    const path = `${docs}report-${colorScheme}.png`;
    const height = await page.evaluate(() => Math.ceil(document.querySelector("footer").getBoundingClientRect().top));
    await page.setViewportSize({ width: 1200, height });
    await page.screenshot({ path, fullPage: false });
    assert.ok(readFileSync(path).length < 150_000);
    await close();
  });
}
