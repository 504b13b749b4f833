defmodule Klime.Draft do
  @moduledoc false
  # What a call was given, as an event on the wire. What is wrong with that is said by the core, as long as it can be JSON. What only
  # Elixir can have, options that cannot be read, is said here.

  alias Klime.{Event, Log}

  @typedoc "An event as on the wire; or why there is none, and as much as there is of it."
  @type t :: map() | {:refused, String.t(), map()}

  @doc "The draft of a `track` call."
  @spec track(term(), term(), term()) :: t()
  def track(name, properties, options) do
    %{"type" => "track"} |> put("event", text(name)) |> common("properties", properties, options) |> hinted()
  end

  @doc "The draft of an `identify` call."
  @spec identify(term(), term(), term()) :: t()
  def identify(user_id, traits, options) do
    %{"type" => "identify"} |> put("userId", text(user_id)) |> common("traits", traits, options)
  end

  @doc "The draft of a `group` call."
  @spec group(term(), term(), term()) :: t()
  def group(group_id, traits, options) do
    %{"type" => "group"} |> put("groupId", text(group_id)) |> common("traits", traits, options)
  end

  @doc "Takes out of a call's options how long it may wait for its answer; for ever unless it says so."
  @spec pop_timeout(term()) :: {term(), term()}
  def pop_timeout(options) do
    cond do
      is_map(options) and not is_struct(options) -> options |> Map.pop(:timeout) |> or_infinity()
      Keyword.keyword?(options) -> options |> Keyword.pop(:timeout) |> or_infinity()
      true -> {:infinity, options}
    end
  end

  defp or_infinity({nil, options}), do: {:infinity, options}
  defp or_infinity(popped), do: popped

  @doc "The draft of a call that waits for its answer; refused when the time that it may take is none."
  @spec within(t(), term()) :: t()
  def within({:refused, _, _} = refused, _timeout), do: refused
  def within(event, :infinity), do: event
  def within(event, timeout) when is_integer(timeout) and timeout >= 0, do: event

  def within(event, timeout) do
    {:refused, "timeout is #{inspect(timeout)}, it must be a whole number of milliseconds or :infinity", event}
  end

  defp text(atom) when is_atom(atom) and atom not in [nil, true, false], do: Atom.to_string(atom)
  defp text(other), do: other

  # A keyword list is as good as a map, also when it is empty.
  defp fields([]), do: nil

  defp fields([{key, _} | _] = fields) when is_atom(key),
    do: if(Keyword.keyword?(fields), do: Map.new(fields), else: fields)

  defp fields(fields), do: fields

  defp common(event, key, fields, options) do
    event = put_fields(event, key, fields(fields))

    cond do
      options == [] -> event
      is_struct(options) -> {:refused, "options cannot be read, they must be a keyword list", event}
      is_map(options) or Keyword.keyword?(options) -> Enum.reduce(options, event, &put_option/2)
      true -> {:refused, "options must be a keyword list", event}
    end
  end

  defp put_fields(event, _key, fields) when fields in [nil, %{}], do: event
  defp put_fields(event, key, fields), do: Map.put(event, key, fields)

  # Of an event that is refused already, the rest is kept to be shown.
  defp put_option(option, {:refused, problem, event}) do
    case put_option(option, event) do
      {:refused, _, event} -> {:refused, problem, event}
      event -> {:refused, problem, event}
    end
  end

  defp put_option({:user_id, id}, event), do: put(event, "userId", text(id))
  defp put_option({:group_id, id}, event), do: put(event, "groupId", text(id))
  defp put_option({:message_id, id}, event), do: put(event, "messageId", id)
  defp put_option({:timestamp, time}, event), do: put_timestamp(event, time)
  defp put_option({:ip, ip}, event), do: put_ip(event, ip)

  # As the official package does with options that it does not know; but not without a word, for it may be the user that is missing.
  defp put_option({name, _value}, event) do
    Log.no_option(name)
    event
  end

  defp put_timestamp(event, time) do
    put(event, "timestamp", Event.time_text(time))
  rescue
    # Any of its fields may be anything, and its calendar any module.
    _ -> {:refused, "timestamp is no time that there is", event}
  end

  defp put_ip(event, nil), do: event
  defp put_ip(event, ip) when is_binary(ip), do: Map.put(event, "context", %{"ip" => ip})

  defp put_ip(event, ip) do
    case is_tuple(ip) && :inet.ntoa(ip) do
      text when is_list(text) -> Map.put(event, "context", %{"ip" => to_string(text)})
      _ -> {:refused, "ip must be a string or the tuple of an IP address", event}
    end
  end

  defp put(event, _key, nil), do: event
  defp put(event, key, value), do: Map.put(event, key, value)

  # The core refuses a track event without an id. That it is in the wrong place is known only here.
  defp hinted(%{"properties" => properties} = event)
       when is_map(properties) and not is_map_key(event, "userId") and not is_map_key(event, "groupId") do
    case Enum.find([:user_id, :group_id, "user_id", "group_id"], &is_map_key(properties, &1)) do
      nil -> event
      id -> {:refused, misplaced(id), event}
    end
  end

  defp hinted(event), do: event

  defp misplaced(id) do
    "track event has neither a user id nor a group id, it needs one at least; #{id} is among its properties, " <>
      "it belongs to the options, which come behind them"
  end
end
