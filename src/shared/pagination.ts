import Joi from 'joi';

/** The pagination member of a list answer. `page` counts from 1. */
export interface Pagination {
  page: number;
  limit: number;
  total: number;
  hasMore: boolean;
}

/** A page request: `page` from 1, `limit` at most 200. */
export interface PageQuery {
  page: number;
  limit: number;
}

/** Default and largest length of a list. */
export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 200;

/** Joi keys of the seeds' `page`/`limit` query. */
export const pageKeys = {
  page: Joi.number().integer().min(1).max(1_000_000).default(1),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
};

/** Describes a page of a list of `total` items. */
export const paginate = ({ page, limit }: PageQuery, total: number): Pagination => ({
  page,
  limit,
  total,
  hasMore: page * limit < total,
});
