export { defineReportModel, REPORT_STATUSES } from './report.model.js';
export type { ReportDoc, ReportStatus } from './report.model.js';
export { Reports } from './reports.js';
export type { ReportQuery } from './reports.js';
