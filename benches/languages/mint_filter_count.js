// mint-filter: the terms of a post.
const fs = require("fs");
const Mint = require(process.env.MINT_FILTER || "mint-filter");

const [termsPath, textPath, rounds] = process.argv.slice(2);
const lines = (path) => fs.readFileSync(path, "utf8").split("\n").slice(0, -1);
const terms = lines(termsPath);
const posts = lines(textPath);
const cpu = () => {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1e6;
};
let start = cpu();
const filter = new (Mint.default || Mint)(terms);
const load = cpu() - start;
const seconds = [];
const found = new Set();
for (let round = 0; round < Number(rounds); round++) {
  start = cpu();
  let sum = 0;
  for (const post of posts) {
    sum += filter.filter(post, { replace: false }).words.length;
  }
  seconds.push(cpu() - start);
  found.add(sum);
}
console.log(JSON.stringify({ load, seconds, posts: posts.length, found: [...found] }));
