import type { BsonDocument, BsonValue, MaybeValue } from '../bson-types.js';

/** A variable bound by `$let`, `$map`, `let` of `$lookup`, …; inner ones hide outer ones. */
export interface Scope {
  readonly name: string;
  readonly value: MaybeValue;
  readonly outer?: Scope | undefined;
}

/** What an expression sees beside the document. */
export interface ExpressionContext {
  /** The value of `$$NOW`: one moment for the whole command. */
  readonly now: Date;
  readonly scope?: Scope | undefined;
  /** Throws when the time of the command is up; asked by operators that go through an array. */
  readonly checkTime?: (() => void) | undefined;
}

/** A compiled expression; `undefined` is the missing value. */
export type Expression = (document: BsonDocument, context: ExpressionContext) => MaybeValue;

/** Compiles an operand that is itself an expression. */
export type Compile = (operand: BsonValue) => Expression;

/** Compiles one operator from its operand. */
export type OperatorCompiler = (operand: BsonValue, compile: Compile, name: string) => Expression;

/** The operators of one family, by name. */
export type OperatorTable = Readonly<Record<string, OperatorCompiler>>;
