//! OpenTelemetry's log pipeline: `BatchLogProcessor`, OTLP as protobuf over HTTP, reqwest's blocking client.
//!
//! Its batches stay at its own default of 512 events, which is better for it than 100.

#![forbid(unsafe_code)]

use std::time::Instant;

use bench_harness::{EVENT_NAME, Event, FLUSH_LIMIT, Failure, Peer, Settings};
use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry_otlp::{LogExporter, Protocol, WithExportConfig};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, SdkLogger, SdkLoggerProvider,
};

struct OpenTelemetry {
    provider: SdkLoggerProvider,
    logger: SdkLogger,
}

impl Peer for OpenTelemetry {
    fn open(endpoint: &str, settings: &Settings) -> Result<Self, Failure> {
        let exporter = LogExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/logs"))
            .build()?;
        let mut config = BatchConfigBuilder::default();
        if let Some(size) = settings.max_queue_size {
            config = config.with_max_queue_size(size);
        }
        let processor = BatchLogProcessor::builder(exporter)
            .with_batch_config(config.build())
            .build();
        let provider = SdkLoggerProvider::builder()
            .with_log_processor(processor)
            .build();
        let logger = provider.logger("bench");
        Ok(Self { provider, logger })
    }

    fn emit(&mut self, event: &Event<'_>) {
        let mut record = self.logger.create_log_record();
        record.set_severity_number(Severity::Info);
        record.set_body(AnyValue::from(EVENT_NAME));
        record.add_attribute("user.id", event.user_id.to_owned());
        record.add_attribute("report_type", event.report_type);
        record.add_attribute("format", event.format);
        record.add_attribute("region", event.region);
        record.add_attribute("duration_seconds", event.duration_seconds);
        record.add_attribute("row_count", event.row_count);
        self.logger.emit(record);
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + FLUSH_LIMIT;
        loop {
            match self.provider.force_flush() {
                // It gives up waiting after five seconds, while the export goes on.
                Err(OTelSdkError::Timeout(_)) if Instant::now() < deadline => {}
                outcome => return Ok(outcome?),
            }
        }
    }
}

fn main() -> Result<(), Failure> {
    bench_harness::run::<OpenTelemetry>()
}
