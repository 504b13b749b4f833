defmodule Klime.Call do
  @moduledoc false
  # The way of one event from the caller into the core, in the caller's process: build, encode, enqueue. Nothing here waits, unless
  # the client is on another node.

  alias Klime.{Event, JSON, Log, Native, SendError, Testing}

  @type event :: map() | {:refused, String.t()}

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

  defp common(event, key, fields, []), do: put_fields(event, key, fields(fields))

  defp common(event, key, fields, options) do
    if is_map(options) or Keyword.keyword?(options) do
      event |> put_fields(key, fields(fields)) |> put_options(Enum.to_list(options))
    else
      {:refused, "options must be a keyword list"}
    end
  rescue
    # A struct is a map, but no list of options; a time may be none.
    _ -> {:refused, "options cannot be read, they must be a keyword list"}
  end

  defp put_fields(event, _key, fields) when fields in [nil, %{}], do: event
  defp put_fields(event, key, fields), do: Map.put(event, key, fields)

  defp put_options(event, options),
    do: Enum.reduce(options, event, fn {name, value}, event -> put_option(event, name, value) end)

  defp put_option(event, :user_id, id), do: put(event, "userId", text(id))
  defp put_option(event, :group_id, id), do: put(event, "groupId", text(id))
  defp put_option(event, :message_id, id), do: put(event, "messageId", id)
  defp put_option(event, :timestamp, time), do: put(event, "timestamp", Event.time_text(time))
  defp put_option(event, :ip, nil), do: event
  defp put_option(event, :ip, ip), do: Map.put(event, "context", %{"ip" => ip_text(ip)})
  # As the official package does with options that it does not know.
  defp put_option(event, _option, _value), do: event

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
    case owner(client) do
      {:here, owner} -> if take(owner, event) == :none, do: Log.no_client(client), else: :ok
      {:there, client} -> if ask(client, {:enqueue, event}, 5000) == :no_client, do: Log.no_client(client), else: :ok
      :none -> Log.no_client(client)
    end
  end

  @doc "Hands an event over to the client that this process of the same node owns."
  @spec take(pid(), event()) :: :ok | :dropped | :none
  def take(owner, {:refused, problem}), do: Native.count_dropped(owner, :invalid, problem, "")

  def take(owner, event) do
    case JSON.encode(event) do
      {:ok, json} ->
        case Native.enqueue(owner, json) do
          {:hook, hook} -> take_screened(owner, event, hook)
          taken -> taken
        end

      {:error, problem} ->
        refuse(owner, event, problem)
    end
  end

  # Shows as much of an event as can be JSON.
  defp refuse(owner, event, problem) do
    shown = for {key, value} <- event, match?({:ok, _}, JSON.encode(%{key => value})), into: %{}, do: {key, value}

    case JSON.encode(shown) do
      {:ok, json} -> Native.count_dropped(owner, :invalid, problem, json)
      # Its parts are each small enough, together they are not.
      {:error, _} -> Native.count_dropped(owner, :invalid, problem, "")
    end
  end

  defp take_screened(owner, event, hook) do
    with {:ok, event, json} <- screened(owner, event, hook) do
      taken = Native.enqueue_screened(owner, json)
      if taken == :ok, do: Testing.note(hook.table, event)
      taken
    end
  end

  @doc "An event's JSON for sending it at once, seen by the hook if there is one."
  @spec prepare(pid(), event()) :: {:ok, iodata()} | {:error, SendError.t()}
  def prepare(owner, {:refused, problem}) do
    Native.count_dropped(owner, :invalid, problem, "")
    {:error, SendError.of_kind(:invalid, problem)}
  end

  def prepare(owner, event) do
    case Native.hook(owner) do
      :none -> {:error, not_running()}
      nil -> encoded(owner, event)
      hook -> screened_for_sending(owner, event, hook)
    end
  end

  defp encoded(owner, event) do
    case JSON.encode(event) do
      {:ok, json} -> {:ok, json}
      {:error, problem} -> with(_ <- refuse(owner, event, problem), do: {:error, SendError.of_kind(:invalid, problem)})
    end
  end

  defp screened_for_sending(owner, event, hook) do
    case screened(owner, event, hook) do
      {:ok, event, json} ->
        Testing.note(hook.table, event)
        {:ok, json}

      :ok ->
        {:error, SendError.of_kind(:before_send, "the event was dropped by before_send, or is not valid")}
    end
  end

  # Shows an event to before_send. `:ok` when it goes no further.
  defp screened(owner, event, hook) do
    case JSON.encode(event) do
      {:ok, _} -> screen(owner, stamped(event), hook.before_send)
      {:error, problem} -> refuse(owner, event, problem)
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
    case JSON.encode(event) do
      {:ok, json} -> {:ok, event, json}
      {:error, problem} -> refuse(owner, event, problem)
    end
  end

  # What the core would add, added here so that it is seen.
  defp stamped(event) do
    %Event{message_id: message_id, timestamp: timestamp, context: context} = Event.new(event["type"])
    context = Map.merge(Klime.EventContext.to_map(context), Map.get(event, "context", %{}))
    event |> Map.put_new("messageId", message_id) |> Map.put_new("timestamp", timestamp) |> Map.put("context", context)
  end

  # Finding a client.

  @doc "The process that owns a client: on this node, on another one, or nowhere."
  @spec owner(term()) :: {:here, pid()} | {:there, pid() | {atom(), node()}} | :none
  def owner(client) when is_pid(client) and node(client) == node(), do: {:here, client}

  def owner(client) when is_atom(client) and client not in [nil, true, false] do
    case Process.whereis(client) do
      pid when is_pid(pid) -> {:here, pid}
      _ -> :none
    end
  end

  def owner(client) when is_pid(client), do: {:there, client}

  def owner(client) do
    case GenServer.whereis(client) do
      pid when is_pid(pid) -> owner(pid)
      {name, node} when is_atom(name) and node == node() -> owner(name)
      {name, node} when is_atom(name) and is_atom(node) -> {:there, {name, node}}
      _ -> :none
    end
  rescue
    # No name at all, or a registry that is not running.
    _ -> :none
  end

  @doc "Asks a client's process; `:no_client` instead of an exit when it is not there, or ends meanwhile."
  def ask(client, request, timeout) do
    GenServer.call(client, request, timeout)
  catch
    :exit, _ -> :no_client
  end

  @doc false
  def not_running, do: SendError.of_kind(:not_running, "client is not running")
end
