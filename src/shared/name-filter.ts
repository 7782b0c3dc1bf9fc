/** What names and descriptions are checked with before they are stored. */
export interface NameFilter {
  /**
   * @param names by the path of the input, as in `{ username: … }`; absent ones are not looked at.
   * @param chatId the chat that they are of, if any.
   * @throws {AppError} VALIDATION for one that has a filtered word.
   */
  assertNames(names: Record<string, string | null | undefined>, chatId?: string): void;

  /** Whether a name, which nobody can be asked to choose anew, may be stored. */
  isAllowed(name: string): boolean;
}
