/** Lists of questions and lists of their answers, place by place. */

export function pairs<A, B>(asked: readonly A[], answers: readonly B[]): (readonly [A, B])[] {
  if (asked.length !== answers.length)
    throw new RangeError(`${asked.length} were asked, and ${answers.length} answered.`);
  // TypeScript cannot know that an index below the length has an element.
  return asked.map((one, index) => [one, answers[index] as B]);
}

/** The answer to a single question. */
export function only<T>(answers: readonly T[]): T {
  if (answers.length !== 1) throw new RangeError(`One was asked, and ${answers.length} answered.`);
  return answers[0] as T;
}
