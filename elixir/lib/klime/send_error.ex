defmodule Klime.SendError do
  @moduledoc """
  Events were not delivered. Given to `on_error`, and returned by `Klime.track!/4` and its kin.

    * `:message` - what happened, for people. Of a network failure it contains "Network error".
    * `:status_code` - the HTTP status of the last answer; `nil` when there was none.
    * `:events` - the `Klime.Event`s that were not delivered, so that they can be kept and sent again. Empty when an event is not
      valid, for kind `:timeout`, and when Klime said that it refused some events of a batch but not which.
    * `:kind` - what happened, for programs: `:rejected` (Klime took the batch but refused these events), `:status` (an answer that
      is permanent, or was it at the last attempt), `:network` (no answer), `:timeout` (no answer yet within the `timeout:` of a call;
      the client still has the event and goes on), `:closed` (the client is shut down), `:not_running`, or
      the reason why the client dropped the event: `:invalid`, `:too_large`, `:queue_full`, `:before_send`, `:disabled`,
      `:shutdown_deadline`.
    * `:attempts` - how many requests were made for these events; 0 for kind `:timeout`, whose requests go on.
    * `:response` - Klime's `Klime.BatchResponse`, for kind `:rejected`.

  It is an exception, so that error trackers take it.

      iex> error = %Klime.SendError{message: "Klime answered 401", status_code: 401}
      iex> Exception.message(error)
      "Klime answered 401"
  """

  alias Klime.{BatchResponse, Event}

  @typedoc "What happened, for programs."
  @type kind ::
          :rejected
          | :status
          | :network
          | :timeout
          | :closed
          | :not_running
          | :invalid
          | :too_large
          | :queue_full
          | :before_send
          | :disabled
          | :shutdown_deadline
          | :worker_died
          | :unknown

  @typedoc "Why events were not delivered."
  @type t :: %__MODULE__{
          message: String.t(),
          status_code: non_neg_integer() | nil,
          events: [Event.t()],
          kind: kind(),
          attempts: non_neg_integer(),
          response: BatchResponse.t() | nil
        }

  defexception message: "events were not delivered",
               status_code: nil,
               events: [],
               kind: :unknown,
               attempts: 0,
               response: nil

  @doc false
  def from_native({kind, message, status_code, attempts, events, response}) do
    %__MODULE__{
      message: capitalised(message),
      status_code: status_code,
      events: Enum.map(events, &Event.from_map/1),
      kind: kind,
      attempts: attempts,
      response: response && BatchResponse.from_native(response)
    }
  end

  @doc false
  def of_kind(kind, message), do: %__MODULE__{kind: kind, message: capitalised(message)}

  defp capitalised(<<first::utf8, rest::binary>>), do: String.upcase(<<first::utf8>>) <> rest
  defp capitalised(""), do: ""
end
