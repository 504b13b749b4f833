defmodule Klime.Call do
  @moduledoc false
  # The way of one event from the caller into the core, in the caller's process: encode, screen, hand over. Nothing here waits, unless
  # the client is on another node: then all of this runs there.

  alias Klime.{Address, BatchResponse, Draft, Event, JSON, Log, Native, SendError, Testing}

  # An event that went no further: whether it is in the books (`:ok`, or `:none` when the client has ended meanwhile), and why.
  @typep refused :: {:refused, :ok | :none, SendError.kind(), String.t()}

  # How long a client on another node has to take an event, in milliseconds.
  @time_for_enqueueing 5000

  @doc "Hands an event over to a client, wherever that is. Always `:ok`; what goes wrong is logged and counted."
  @spec enqueue(GenServer.server(), Draft.t()) :: :ok
  def enqueue(client, draft) do
    case Address.at(client, {__MODULE__, :take, [draft]}, @time_for_enqueueing) do
      gone when gone in [:none, :timeout] -> Log.no_client(client)
      _ -> :ok
    end
  end

  @doc "Hands an event over to the client that this process of the same node owns."
  @spec take(pid(), Draft.t()) :: :ok | :dropped | :none
  def take(owner, {:refused, problem, shown}), do: owner |> refuse_whole(problem, shown) |> booked()

  def take(owner, event) do
    with {:ok, json} <- encoded(owner, event),
         {:hook, hook} <- Native.enqueue(owner, json),
         {:ok, event, json} <- screened(owner, event, hook) do
      taken = Native.enqueue_screened(owner, json)
      if taken == :ok, do: Testing.note(hook.table, event)
      taken
    else
      {:refused, _, _, _} = refused -> booked(refused)
      taken -> taken
    end
  end

  defp booked({:refused, booked, _kind, _problem}), do: booked

  @doc """
  Sends an event by the client that this process of the same node owns, and waits for Klime's answer, for at most `timeout`. The client
  goes on when that is over.
  """
  @spec send_now(pid(), Draft.t(), timeout()) ::
          {:ok, BatchResponse.t()} | {:error, SendError.t()} | :none | :no_answer | :timeout
  def send_now(owner, {:refused, problem, shown}, _timeout), do: owner |> refuse_whole(problem, shown) |> not_sent()

  def send_now(owner, event, timeout) do
    case Native.hook(owner) do
      :none -> :none
      nil -> send_unscreened(owner, event, timeout)
      hook -> send_screened(owner, event, hook, timeout)
    end
  end

  defp send_unscreened(owner, event, timeout) do
    case encoded(owner, event) do
      {:ok, json} -> Address.ask(owner, {:send, json}, timeout)
      refused -> not_sent(refused)
    end
  end

  defp send_screened(owner, event, hook, timeout) do
    with {:ok, _} <- encoded(owner, event), {:ok, event, json} <- screened(owner, event, hook) do
      answer = Address.ask(owner, {:send, json}, timeout)
      if match?({:ok, _}, answer), do: Testing.note(hook.table, event)
      answer
    else
      refused -> not_sent(refused)
    end
  end

  defp not_sent({:refused, :none, _kind, _problem}), do: :none
  defp not_sent({:refused, :ok, kind, problem}), do: {:error, SendError.of_kind(kind, problem)}

  @doc "Has the client that this process of the same node owns finish something: `{:flush, …}` or `{:shutdown, …}`."
  @spec finish(pid(), tuple(), timeout()) :: :ok | :none | :no_answer | :timeout
  def finish(owner, request, timeout), do: Address.ask(owner, request, timeout)

  defp encoded(owner, event) do
    with {:error, refused} <- JSON.encode(event), do: refuse(owner, refused)
  end

  # What can be shown of it may be such that it has to be made plain first.
  defp refuse_whole(owner, problem, shown) do
    case JSON.encode(shown) do
      {:ok, json} -> drop(owner, :invalid, problem, json)
      {:error, {_reason, _problem, plain}} -> refuse(owner, {:invalid, problem, plain})
    end
  end

  defp refuse(owner, {reason, problem, shown}) do
    case JSON.encode(shown) do
      {:ok, json} -> drop(owner, reason, problem, json)
      # Its parts are each small enough, together they are not.
      {:error, _} -> drop(owner, reason, problem, shortest(shown))
    end
  end

  # What it was, and no more.
  defp shortest(%{"type" => type}), do: ~s({"type":"#{type}"})

  @spec drop(pid(), SendError.kind(), String.t(), binary()) :: refused()
  defp drop(owner, reason, problem, json) do
    {:refused, Native.count_dropped(owner, reason, problem, json), reason, problem}
  end

  # Shows an event to before_send, and has what that lets through as JSON.
  @spec screened(pid(), map(), map()) :: {:ok, map(), binary()} | refused()
  defp screened(owner, event, %{before_send: nil}), do: reencoded(owner, stamped(event))

  defp screened(owner, event, %{before_send: before_send}) do
    case call(before_send, Event.from_map(stamped(event))) do
      {:ok, event} ->
        reencoded(owner, event)

      :dropped ->
        {:refused, Native.count_dropped(owner, :before_send, "", ""), :before_send, "event was dropped by before_send"}

      {:failed, problem} ->
        drop(owner, :before_send, problem, "")
    end
  end

  # An event that could not be screened is not let through.
  defp call(before_send, event) do
    case before_send.(event) do
      %Event{} = event -> on_wire(event)
      nil -> :dropped
      _ -> {:failed, "before_send returned neither an event nor nil"}
    end
  rescue
    error -> {:failed, "before_send raised #{inspect(error.__struct__)}"}
  catch
    _, _ -> {:failed, "before_send did not return"}
  end

  defp on_wire(event) do
    {:ok, Event.to_map(event)}
  rescue
    # Any of its fields may be anything.
    _ -> {:failed, "before_send returned an event that cannot be read"}
  end

  defp reencoded(owner, event) do
    with {:ok, json} <- encoded(owner, event), do: {:ok, event, json}
  end

  # What the core would add, added here so that it is seen.
  defp stamped(event) do
    %Event{message_id: message_id, timestamp: timestamp, context: context} = Event.new(event["type"])
    context = Map.merge(Klime.EventContext.to_map(context), Map.get(event, "context", %{}))
    event |> Map.put_new("messageId", message_id) |> Map.put_new("timestamp", timestamp) |> Map.put("context", context)
  end

  @doc "Why nothing came of a call: there is no such client."
  @spec not_running() :: SendError.t()
  def not_running, do: SendError.of_kind(:not_running, "client is not running")

  @doc "Why there is no answer yet."
  @spec timed_out(timeout()) :: SendError.t()
  def timed_out(timeout) do
    SendError.of_kind(:timeout, "no answer from Klime within #{timeout} ms, the client goes on with the event")
  end
end
