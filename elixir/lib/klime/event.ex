defmodule Klime.Event do
  @moduledoc """
  One event, as callbacks and tests see it. Of an event that is not valid, `on_drop` may be shown text where another type is due
  (`Klime.Client` says what).

  What `to_map/1` and `from_map/1` convert is the form on the wire: a map with the keys `"type"`, `"messageId"`, `"timestamp"`,
  `"event"`, `"userId"`, `"groupId"`, `"properties"`, `"traits"` and `"context"`, without those that are not set.
  """

  alias Klime.{EventContext, EventType, JSON, Wire}

  @typedoc "The id of a user or a group; it goes out as it is given."
  @type id :: String.t() | integer()

  @typedoc "One event; `timestamp` is ISO 8601, to the millisecond."
  @type t :: %__MODULE__{
          type: EventType.t(),
          message_id: String.t() | nil,
          timestamp: String.t() | nil,
          event: String.t() | nil,
          user_id: id() | nil,
          group_id: id() | nil,
          properties: map() | nil,
          traits: map() | nil,
          context: EventContext.t() | nil
        }

  @enforce_keys [:type]
  defstruct [:type, :message_id, :timestamp, :event, :user_id, :group_id, :properties, :traits, :context]

  @doc """
  An event with a new message id and the time of the call, unless `fields` has them.

      iex> event = Klime.Event.new(:track, event: "Button Clicked", user_id: "user_123", properties: %{plan: "pro"})
      iex> {event.type, event.event, event.user_id, event.properties}
      {:track, "Button Clicked", "user_123", %{plan: "pro"}}
      iex> event.message_id =~ ~r/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
      true
      iex> event.timestamp =~ ~r/^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$/
      true
  """
  @spec new(EventType.t() | String.t(), keyword() | map()) :: t()
  def new(type, fields \\ []) do
    event = struct(%__MODULE__{type: known_type(type)}, fields |> Map.new() |> Map.drop([:type]))

    %{
      event
      | message_id: event.message_id || uuid(),
        timestamp: time_text(event.timestamp || DateTime.utc_now()),
        context: event.context || EventContext.new()
    }
  end

  defp known_type(type) do
    case EventType.cast(type) do
      {:ok, type} -> type
      :error -> raise ArgumentError, "event type is #{inspect(type)}, it must be :track, :identify or :group"
    end
  end

  @doc """
  The event as it is on the wire.

      iex> event = Klime.Event.new(:identify, user_id: 42, message_id: "m", timestamp: "2026-11-23T15:20:00.123Z", context: %{})
      iex> Klime.Event.to_map(event)
      %{"context" => %{}, "messageId" => "m", "timestamp" => "2026-11-23T15:20:00.123Z", "type" => "identify", "userId" => 42}
  """
  @spec to_map(t()) :: map()
  def to_map(%__MODULE__{} = event) do
    fields = [
      {"type", event.type |> known_type() |> Atom.to_string()},
      {"messageId", event.message_id},
      {"timestamp", event.timestamp && time_text(event.timestamp)},
      {"event", event.event},
      {"userId", event.user_id},
      {"groupId", event.group_id},
      {"properties", presence(event.properties)},
      {"traits", presence(event.traits)},
      {"context", context_map(event.context)}
    ]

    for {key, value} <- fields, value != nil, into: %{}, do: {key, value}
  end

  @doc """
  Reads the form on the wire.

      iex> event = Klime.Event.from_map(%{"type" => "track", "event" => "Button Clicked", "userId" => 42})
      iex> {event.type, event.event, event.user_id, event.message_id}
      {:track, "Button Clicked", 42, nil}
  """
  @spec from_map(map()) :: t()
  def from_map(map) when is_map(map) do
    type = Wire.get(map, "type")

    case EventType.cast(type) do
      {:ok, type} ->
        %__MODULE__{
          type: type,
          message_id: Wire.get(map, "messageId"),
          timestamp: Wire.get(map, "timestamp"),
          event: Wire.get(map, "event"),
          user_id: Wire.get(map, "userId"),
          group_id: Wire.get(map, "groupId"),
          properties: Wire.get(map, "properties"),
          traits: Wire.get(map, "traits"),
          context: EventContext.from_map(Wire.get(map, "context"))
        }

      :error ->
        raise ArgumentError, "event type is #{inspect(type)}, it must be track, identify or group"
    end
  end

  @doc """
  The event's JSON.

      iex> event = Klime.Event.new(:identify, user_id: "user_123")
      iex> Klime.Event.to_json(event) =~ ~s("userId":"user_123")
      true
  """
  @spec to_json(t()) :: String.t()
  def to_json(%__MODULE__{} = event) do
    case event |> to_map() |> JSON.text() do
      {:ok, json} -> json
      {:error, problem} -> raise ArgumentError, problem
    end
  end

  @doc """
  How many bytes the event's JSON has; Klime takes at most 204,800.

      iex> event = Klime.Event.new(:identify, user_id: "user_123")
      iex> Klime.Event.estimate_size(event) == byte_size(Klime.Event.to_json(event))
      true
  """
  @spec estimate_size(t()) :: non_neg_integer()
  def estimate_size(%__MODULE__{} = event), do: event |> to_json() |> byte_size()

  @doc false
  def time_text(%DateTime{} = time) do
    time |> DateTime.shift_zone!("Etc/UTC") |> with_milliseconds() |> DateTime.to_iso8601()
  end

  # Of a time without a zone, as Ecto has them unless told otherwise.
  def time_text(%NaiveDateTime{} = time), do: time |> DateTime.from_naive!("Etc/UTC") |> time_text()

  def time_text(other), do: other

  defp with_milliseconds(%DateTime{microsecond: {microseconds, _}} = time), do: %{time | microsecond: {microseconds, 3}}

  # A random UUID, version 4.
  defp uuid do
    <<a::48, _::4, b::12, _::2, c::62>> = :crypto.strong_rand_bytes(16)
    <<d::4-bytes, e::2-bytes, f::2-bytes, g::2-bytes, h::6-bytes>> = <<a::48, 4::4, b::12, 2::2, c::62>>
    Enum.map_join([d, e, f, g, h], "-", &Base.encode16(&1, case: :lower))
  end

  defp presence(fields) when fields in [[], %{}], do: nil
  defp presence(fields), do: fields

  defp context_map(%EventContext{} = context), do: EventContext.to_map(context)
  defp context_map(other), do: other
end
