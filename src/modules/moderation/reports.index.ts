export { defineReportModel } from './report.model.js';
export type { ReportDoc } from './report.model.js';
export { Reports } from './reports.js';
