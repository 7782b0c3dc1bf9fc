export { defineReportModel } from './report.model.js';
export type { ReportDoc } from './report.model.js';
export { reportRoutes } from '../../api/native/reports/reports.routes.js';
export { Reports } from './reports.js';
