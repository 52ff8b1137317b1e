/** Two lists of which one answers the other, place by place, as a list of pairs. */
export function pairs<A, B>(asked: readonly A[], answers: readonly B[]): (readonly [A, B])[] {
  if (asked.length !== answers.length)
    throw new RangeError(`${asked.length} were asked, and ${answers.length} answered.`);
  // The one assertion: TypeScript cannot know that an index below the length has an element.
  return asked.map((one, index) => [one, answers[index] as B]);
}
