defmodule Klime.Waiters do
  @moduledoc false
  # Who waits for the calling process to end. A process that waits for another one monitors it, be it by `GenServer.stop/1`, by a call
  # to a supervisor that stops it, or by a task that does so.

  # There are few, unless the whole system waits; then one more or less does not matter.
  @most 1000

  @doc """
  Whether `process` waits for the calling process, by itself or by way of others. Those in `besides` get an answer and do not count.
  """
  @spec include?(pid() | nil, [pid() | nil]) :: boolean()
  def include?(nil, _besides), do: false
  def include?(process, besides), do: search([self()], MapSet.new([self() | besides]), process)

  defp search([], _seen, _process), do: false

  defp search([next | others], seen, process) do
    new = for pid <- monitors_of(next), is_pid(pid), not MapSet.member?(seen, pid), waits?(pid), do: pid

    cond do
      process in new -> true
      MapSet.size(seen) > @most -> false
      true -> search(new ++ others, MapSet.union(seen, MapSet.new(new)), process)
    end
  end

  defp monitors_of(pid) do
    case Process.info(pid, :monitored_by) do
      {:monitored_by, pids} -> pids
      nil -> []
    end
  end

  # Of one that has something to do it is not known what it waits for next.
  defp waits?(pid) when node(pid) == node(), do: Process.info(pid, :status) == {:status, :waiting}
  defp waits?(_pid), do: false
end
