// "did you mean": the known name that a misspelt one is nearest to.

/** The smallest number of single changes (insert, delete, replace, swap of neighbours) from a to b. */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, older[j - 2]! + 1);
      row.push(best);
    }
    older = last;
    last = row;
  }
  return last[b.length]!;
}

const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Whether a name is another way to write a known one: other case or separators, or cut short. */
function isAlike(name: string, known: string): boolean {
  const [given, whole] = [plain(name), plain(known)];
  if (given === whole) return true;
  if (given.length < 3) return false;
  // net → network; ERRNO → SCMP_ACT_ERRNO.
  return whole.startsWith(given) || known.toLowerCase().endsWith(`_${name.toLowerCase()}`);
}

/** Whether a name leaves out letters of a known one: mnt → mount, usr → user. */
function isAbbreviation(name: string, known: string): boolean {
  if (name.length < 3 || name[0] !== known[0]) return false;
  let next = 0;
  for (const letter of known) if (letter === name[next]) next++;
  return next === name.length;
}

/**
 * The known name that was probably meant, or undefined: another way to write it, at most two
 * changes away (fewer for short names, where everything is near everything), or an abbreviation.
 */
export function suggest(name: string, known: readonly string[]): string | undefined {
  const alike = known.find((candidate) => isAlike(name, candidate));
  if (alike !== undefined) return alike;

  const lower = name.toLowerCase();
  const near = nearest(lower, known, name.length <= 2 ? 0 : name.length === 3 ? 1 : 2, (candidate) =>
    candidate.toLowerCase(),
  );
  if (near !== undefined) return near;
  // nett → network: near to how it begins.
  if (name.length >= 4) {
    const begun = nearest(lower, known, 1, (candidate) => candidate.toLowerCase().slice(0, name.length));
    if (begun !== undefined) return begun;
  }
  return known.find((candidate) => isAbbreviation(lower, candidate.toLowerCase()));
}

/** The first of the nearest names, none when all are further away than `most` changes. */
function nearest(
  name: string,
  known: readonly string[],
  most: number,
  view: (candidate: string) => string,
): string | undefined {
  let best: string | undefined;
  let distance = most + 1;
  for (const candidate of known) {
    const seen = view(candidate);
    if (Math.abs(seen.length - name.length) >= distance) continue;
    const changes = editDistance(name, seen);
    if (changes < distance) {
      best = candidate;
      distance = changes;
    }
  }
  return best;
}
