package io.coxswain.launcher.admin;

import io.coxswain.coordinator.JobReport;

/**
 * An interruption as a coordinator or a journal tells it.
 *
 * @param traceId empty: not traced
 */
public record ToldIncident(JobReport.IncidentReport report, String traceId) {}
