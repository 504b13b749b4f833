defmodule Klime.Telemetry do
  @moduledoc """
  Events for [`:telemetry`](https://hexdocs.pm/telemetry), executed if your app has it when the client starts. It is no
  dependency of this package.

  | event | when | measurements | metadata |
  |---|---|---|---|
  | `[:klime, :batch, :accepted]` | Klime took a batch | `accepted`, `failed` | `response` |
  | `[:klime, :batch, :failed]` | events were refused by Klime, or their request failed for good | `events`, `attempts` | `error` |
  | `[:klime, :events, :dropped]` | the client dropped events | `events` | `reason` |

  The metadata also has the `client` (a process id) and its `name`. Handlers run where callbacks do, before them; what fails
  there keeps no callback from being called. What is dropped
  without being shown to `on_drop` is in `Klime.stats/1` but not in the last measurement.
  """

  @compile {:no_warn_undefined, [:telemetry]}

  @doc false
  def execute(:on_success, [response], metadata) do
    measurements = %{accepted: response.accepted, failed: response.failed}
    :telemetry.execute([:klime, :batch, :accepted], measurements, Map.put(metadata, :response, response))
  end

  def execute(:on_error, [error, events], metadata) do
    measurements = %{events: length(events), attempts: error.attempts}
    :telemetry.execute([:klime, :batch, :failed], measurements, Map.put(metadata, :error, error))
  end

  def execute(:on_drop, [reason, events], metadata) do
    :telemetry.execute([:klime, :events, :dropped], %{events: length(events)}, Map.put(metadata, :reason, reason))
  end
end
