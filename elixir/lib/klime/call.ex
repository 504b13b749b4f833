defmodule Klime.Call do
  @moduledoc false
  # The way of one event from the caller into the core, in the caller's process: build, encode, enqueue. Nothing here waits, unless
  # the client is on another node: then all of this runs there.

  alias Klime.{Address, BatchResponse, Event, JSON, Log, Native, SendError, Testing}

  # An event as on the wire; or why there is none, and as much as there is of it.
  @type event :: map() | {:refused, String.t(), map()}

  # Building: an event as on the wire, or why there is none.

  # What is wrong with it is said by the core, as long as it can be JSON.

  @spec track(term(), term(), term()) :: event()
  def track(name, properties, options) do
    %{"type" => "track"} |> put("event", text(name)) |> common("properties", properties, options)
  end

  @spec identify(term(), term(), term()) :: event()
  def identify(user_id, traits, options) do
    %{"type" => "identify"} |> put("userId", text(user_id)) |> common("traits", traits, options)
  end

  @spec group(term(), term(), term()) :: event()
  def group(group_id, traits, options) do
    %{"type" => "group"} |> put("groupId", text(group_id)) |> common("traits", traits, options)
  end

  defp text(atom) when is_atom(atom) and atom not in [nil, true, false], do: Atom.to_string(atom)
  defp text(other), do: other

  # A keyword list is as good as a map.
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

  defp put_option(option, {:refused, problem, event}), do: {:refused, problem, put_readable(option, event)}

  defp put_option({:timestamp, time}, event) do
    put(event, "timestamp", Event.time_text(time))
  rescue
    _ -> {:refused, "timestamp is no time that there is", event}
  end

  defp put_option(option, event), do: put_readable(option, event)

  defp put_readable({:user_id, id}, event), do: put(event, "userId", text(id))
  defp put_readable({:group_id, id}, event), do: put(event, "groupId", text(id))
  defp put_readable({:message_id, id}, event), do: put(event, "messageId", id)
  defp put_readable({:ip, ip}, event) when ip != nil, do: Map.put(event, "context", %{"ip" => ip_text(ip)})
  # As the official package does with options that it does not know.
  defp put_readable(_option, event), do: event

  defp ip_text(ip) when is_tuple(ip) do
    case :inet.ntoa(ip) do
      {:error, _} -> ip
      text -> to_string(text)
    end
  end

  defp ip_text(ip), do: ip

  defp put(event, _key, nil), do: event
  defp put(event, key, value), do: Map.put(event, key, value)

  # Enqueueing.

  @doc "Hands an event over to a client, wherever that is. Always `:ok`; what goes wrong is logged and counted."
  @spec enqueue(GenServer.server(), event()) :: :ok
  def enqueue(client, event) do
    if Address.at(client, {__MODULE__, :take, [event]}, 5000) == :none, do: Log.no_client(client), else: :ok
  end

  @doc "Hands an event over to the client that this process of the same node owns."
  @spec take(pid(), event()) :: :ok | :dropped | :none
  def take(owner, {:refused, problem, shown}), do: refuse_whole(owner, problem, shown)

  def take(owner, event) do
    case JSON.encode(event) do
      {:ok, json} ->
        case Native.enqueue(owner, json) do
          {:hook, hook} -> take_screened(owner, event, hook)
          taken -> taken
        end

      {:error, refused} ->
        refuse(owner, refused)
    end
  end

  # What can be shown of it may be such that it has to be made plain first.
  defp refuse_whole(owner, problem, shown) do
    case JSON.encode(shown) do
      {:ok, json} -> Native.count_dropped(owner, :invalid, problem, json)
      {:error, {_reason, _problem, plain}} -> refuse(owner, {:invalid, problem, plain})
    end
  end

  defp refuse(owner, {reason, problem, shown}) do
    case JSON.encode(shown) do
      {:ok, json} -> Native.count_dropped(owner, reason, problem, json)
      # Its parts are each small enough, together they are not.
      {:error, _} -> Native.count_dropped(owner, reason, problem, shortest(shown))
    end
  end

  # What it was, and no more.
  defp shortest(%{"type" => type}), do: ~s({"type":"#{type}"})

  defp take_screened(owner, event, hook) do
    with {:ok, event, json} <- screened(owner, event, hook) do
      taken = Native.enqueue_screened(owner, json)
      if taken == :ok, do: Testing.note(hook.table, event)
      taken
    end
  end

  @doc "Sends an event by the client that this process of the same node owns, and waits for Klime's answer."
  @spec send_now(pid(), event()) :: {:ok, BatchResponse.t()} | {:error, SendError.t()} | :none | :no_answer
  def send_now(owner, event) do
    with {:ok, json} <- prepare(owner, event), do: Address.ask(owner, {:send, json}, :infinity)
  end

  @doc "Has the client that this process of the same node owns finish something: `{:flush, …}` or `{:shutdown, …}`."
  @spec finish(pid(), tuple(), timeout()) :: :ok | :none | :no_answer
  def finish(owner, request, timeout), do: Address.ask(owner, request, timeout)

  @doc "An event's JSON for sending it at once, seen by the hook if there is one."
  @spec prepare(pid(), event()) :: {:ok, binary()} | {:error, SendError.t()}
  def prepare(owner, {:refused, problem, shown}) do
    owner |> refuse_whole(problem, shown) |> not_sent(:invalid, problem)
  end

  def prepare(owner, event) do
    case Native.hook(owner) do
      :none -> {:error, not_running()}
      nil -> encoded(owner, event)
      hook -> screened_for_sending(owner, event, hook)
    end
  end

  defp encoded(owner, event) do
    with {:error, {reason, problem, _} = refused} <- JSON.encode(event),
         do: owner |> refuse(refused) |> not_sent(reason, problem)
  end

  defp screened_for_sending(owner, event, hook) do
    case screened(owner, event, hook) do
      {:ok, event, json} ->
        Testing.note(hook.table, event)
        {:ok, json}

      booked ->
        not_sent(booked, :before_send, "the event was dropped by before_send, or is not valid")
    end
  end

  # The client may have ended before its event was refused.
  defp not_sent(:none, _kind, _problem), do: {:error, not_running()}
  defp not_sent(:ok, kind, problem), do: {:error, SendError.of_kind(kind, problem)}

  # Shows an event to before_send. `:ok` when it goes no further, `:none` when the client has ended meanwhile.
  defp screened(owner, event, hook) do
    case JSON.encode(event) do
      {:ok, _} -> screen(owner, stamped(event), hook.before_send)
      {:error, refused} -> refuse(owner, refused)
    end
  end

  defp screen(owner, event, nil), do: reencoded(owner, event)

  defp screen(owner, event, before_send) do
    case before_send.(Event.from_map(event)) do
      %Event{} = event -> reencoded(owner, Event.to_map(event))
      nil -> Native.count_dropped(owner, :before_send, "", "")
      _ -> Native.count_dropped(owner, :before_send, "before_send returned neither an event nor nil", "")
    end
  rescue
    # An event that could not be screened is not let through.
    error -> Native.count_dropped(owner, :before_send, "before_send raised #{inspect(error.__struct__)}", "")
  catch
    _, _ -> Native.count_dropped(owner, :before_send, "before_send did not return", "")
  end

  defp reencoded(owner, event) do
    with {:error, refused} <- JSON.encode(event), do: refuse(owner, refused), else: ({:ok, json} -> {:ok, event, json})
  end

  # What the core would add, added here so that it is seen.
  defp stamped(event) do
    %Event{message_id: message_id, timestamp: timestamp, context: context} = Event.new(event["type"])
    context = Map.merge(Klime.EventContext.to_map(context), Map.get(event, "context", %{}))
    event |> Map.put_new("messageId", message_id) |> Map.put_new("timestamp", timestamp) |> Map.put("context", context)
  end

  @doc false
  def not_running, do: SendError.of_kind(:not_running, "client is not running")
end
