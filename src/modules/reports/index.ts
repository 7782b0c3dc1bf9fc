export { defineReportModel } from './report.model.js';
export type { ReportDoc } from './report.model.js';
export { reportRoutes } from './reports.routes.js';
export { Reports } from './reports.service.js';
